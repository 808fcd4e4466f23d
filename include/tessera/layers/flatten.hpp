// SPDX-License-Identifier: BSD-3-Clause
// Flatten and Unflatten: between a map and one pixel that holds all of it, in PyTorch's order.
#pragma once
#include <limits>
#include <string_view>

#include <tessera/kernels/permute.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// All numbers of a map as the channels of one pixel, channel by channel, so that weights of the
/// linear layer behind it are PyTorch's.
///
/// y[n, 0, 0, (c H + h) W + w] = x[n, h, w, c]
///
/// Shapes     x [N, H, W, C]  ->  y [N, 1, 1, C H W]
/// Gradients  x: assigned (=)
/// Errors     masked: there is no rule for the mask of a flattened map
struct Flatten {
  static constexpr std::string_view name = "flatten";
  static constexpr bool needs_x = false, needs_y = false, strided = true;
  static constexpr Reach reach{0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    if (in.size() > std::numeric_limits<int>::max()) return Complaint::not_accepted;
    return Shape{1, 1, static_cast<int>(in.size())};
  }
  static constexpr std::int64_t flops(Shape, Shape) { return 0; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::flatten(run.context(), run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    if (run.dx()) kernels::unflatten(run.context(), run.dy(), run.dx());
  }
};

/// The inverse of Flatten, as PyTorch's nn.Unflatten of the channels.
///
/// y[n, h, w, c] = x[n, 0, 0, (c Height + h) Width + w]
///
/// Shapes     x [N, 1, 1, Channels Height Width]  ->  y [N, Height, Width, Channels]
/// Template   Height, Width, Channels (> 0)
/// Gradients  x: assigned (=)
/// Errors     element_count: x is not one pixel of so many numbers;  masked
template <int Height, int Width, int Channels>
struct Unflatten {
  static_assert(Height > 0 && Width > 0 && Channels > 0,
                "tessera: Unflatten needs a positive height, width and channel count");
  static constexpr std::string_view name = "unflatten";
  static constexpr bool needs_x = false, needs_y = false, strided = true;
  static constexpr Reach reach{0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    const Shape out{Height, Width, Channels};
    if (in.pixels() != 1 || in.channels != out.size()) return Complaint::element_count;
    return out;
  }
  static constexpr std::int64_t flops(Shape, Shape) { return 0; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::unflatten(run.context(), run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    if (run.dx()) kernels::flatten(run.context(), run.dy(), run.dx());
  }
};

}  // namespace tessera
