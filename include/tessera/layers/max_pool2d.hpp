// SPDX-License-Identifier: BSD-3-Clause
// MaxPool2d: the largest value of each window, per channel; no padding.
#pragma once
#include <tessera/kernels/max_pool.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>
#include <tessera/layers/window.hpp>

namespace tessera {

/// Max pooling without padding; windows that do not fit are dropped.
///
/// y[n, a, b, c] = max over u, v in [0, Kernel) of x[n, Stride a + u, Stride b + v, c]
///
/// Shapes     x [N, H, W, C]  ->  y [N, H', W', C],  H' = floor((H - Kernel) / Stride) + 1
/// Template   Kernel, Stride (> 0); the stride is the kernel unless given
/// Gradients  x: assigned (=); dy goes to the first maximum of its window in row-major order
/// Errors     window; masked: there is no rule for pooling a masked stream
template <int Kernel, int Stride = Kernel>
struct MaxPool2d {
  static_assert(Kernel > 0 && Stride > 0, "tessera: MaxPool2d needs a positive kernel and stride");
  static constexpr std::string_view name = "max_pool2d";
  static constexpr bool needs_x = true, needs_y = false, strided = true;
  static constexpr Reach reach{Kernel, Stride, 0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    return convolved(in, kernel(Kernel).stride(Stride), in.channels, in.channels);
  }
  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::max_pool_forward(run.context(), Kernel, Stride, run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::max_pool_backward(run.context(), Kernel, Stride, run.x(), run.dy(), run.dx());
  }
};

}  // namespace tessera
