// SPDX-License-Identifier: BSD-3-Clause
// AvgPool2d: the mean of each window, per channel; no padding.
#pragma once
#include <tessera/kernels/avg_pool.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>
#include <tessera/layers/window.hpp>

namespace tessera {

/// Average pooling without padding; windows that do not fit are dropped.
///
/// y[n, a, b, c] = 1 / Kernel^2 sum over u, v in [0, Kernel) of x[n, Stride a + u, Stride b + v, c]
///
/// Shapes     x [N, H, W, C]  ->  y [N, H', W', C],  H' = floor((H - Kernel) / Stride) + 1
/// Template   Kernel, Stride (> 0); the stride is the kernel unless given
/// Gradients  x: assigned (=), 0 where no window reads it
/// Errors     window; masked: there is no rule for pooling a masked stream
template <int Kernel, int Stride = Kernel>
struct AvgPool2d {
  static_assert(Kernel > 0 && Stride > 0, "tessera: AvgPool2d needs a positive kernel and stride");
  static constexpr std::string_view name = "avg_pool2d";
  static constexpr bool needs_x = false, needs_y = false, strided = true;
  static constexpr Reach reach{Kernel, Stride, 0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    return convolved(in, kernel(Kernel).stride(Stride), in.channels, in.channels);
  }
  static constexpr std::int64_t flops(Shape, Shape out) { return out.size() * Kernel * Kernel; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::avg_pool_forward(run.context(), Kernel, Stride, run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::avg_pool_backward(run.context(), Kernel, Stride, run.dy(), run.dx());
  }
};

}  // namespace tessera
