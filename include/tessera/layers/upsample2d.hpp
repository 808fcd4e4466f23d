// SPDX-License-Identifier: BSD-3-Clause
// Upsample2d: nearest neighbour, y[a, b] = x[floor(a / F), floor(b / F)].
#pragma once
#include <tessera/kernels/upsample.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Nearest-neighbour upsampling by a whole factor; masks are upsampled alike.
///
/// y[n, a, b, c] = x[n, floor(a / Factor), floor(b / Factor), c]
///
/// Shapes     x [N, H, W, C]  ->  y [N, Factor H, Factor W, C]
/// Template   Factor (> 0)
/// Gradients  x: assigned (=), the sum over the Factor x Factor copies
template <int Factor>
struct Upsample2d {
  static_assert(Factor > 0, "tessera: Upsample2d needs a positive factor");
  static constexpr std::string_view name = "upsample2d";
  static constexpr bool needs_x = false, needs_y = false, strided = true, makes_mask = true;
  static constexpr Reach reach{1, 1, 0, Factor};

  static constexpr Shape output_shape(Shape in) {
    in.height *= Factor;
    in.width *= Factor;
    return in;
  }
  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::upsample_forward(run.context(), Factor, run.x(), run.y());
    if (run.y_valid()) kernels::upsample_mask(run.context(), Factor, run.x_valid(), run.y_valid());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::upsample_backward(run.context(), Factor, run.dy(), run.dx());
  }
};

}  // namespace tessera
