// SPDX-License-Identifier: BSD-3-Clause
// ResizeBilinear: bilinear resizing to a fixed height and width.
#pragma once
#include <tessera/kernels/resize_bilinear.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Bilinear resizing to Height x Width, corners not aligned, no antialiasing. The target is fixed:
/// an image of another size is resized to Height x Width as well.
///
/// Along each axis, from i positions to n, with s = max((a + 0.5) i / n - 0.5, 0), t = floor(s):
/// y[a] = (1 - (s - t)) x[t] + (s - t) x[min(t + 1, i - 1)]
///
/// Shapes     x [N, H, W, C]  ->  y [N, Height, Width, C]
/// Template   Height, Width (> 0)
/// Gradients  x: assigned (=), the transpose of the same weights
/// Errors     masked: there is no rule for resizing a masked stream; not_accepted: an empty image
///
/// Which pixels an output reads depends on the input's size, so `receptive_field` counts it as the
/// whole input.
template <int Height, int Width = Height>
struct ResizeBilinear {
  static_assert(Height > 0 && Width > 0, "tessera: ResizeBilinear needs a positive size");
  static constexpr std::string_view name = "resize_bilinear";
  static constexpr bool needs_x = false, needs_y = false, strided = true;
  static constexpr Reach reach{0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    if (in.height < 1 || in.width < 1) return Complaint::not_accepted;
    return Shape{Height, Width, in.channels};
  }
  static constexpr std::int64_t flops(Shape, Shape out) { return 7 * out.size(); }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::resize_bilinear_forward(run.context(), run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::resize_bilinear_backward(run.context(), run.dy(), run.dx());
  }
};

}  // namespace tessera
