// SPDX-License-Identifier: BSD-3-Clause
// HoleChannel: gives plain layers a masked stream's holes as a channel.
#pragma once
#include <string_view>

#include <tessera/kernels/hole_channel.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// The features with 0 in the holes, and the holes as the last channel: 1 = missing. Behind
/// MaskedInput it is the input of networks without partial convolutions, such as [yu2019]'s. What
/// lies in a hole is not read.
///
/// y[p, c] = x[p, c] where p is valid, else 0;   y[p, C] = 0 where p is valid, else 1
///
/// Shapes     x [N, H, W, C], masked, one group  ->  y [N, H, W, C + 1]; the mask ends here
/// Gradients  x: assigned (=), 0 in the holes
/// Errors     not_masked; not_accepted: channels with several masks
///
/// Example    Network<MaskedInput<64, 64, 3>, HoleChannel, Named<"g1", GatedConv2d<4, 32, ...>>>
struct HoleChannel {
  static constexpr std::string_view name = "hole_channel";
  static constexpr bool needs_x = false, needs_y = false, strided = true, makes_mask = true;

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (!in.masked()) return Complaint::not_masked;
    if (in.mask.count != 1) return Complaint::not_accepted;
    return Shape{in.height, in.width, in.channels + 1};
  }
  static constexpr std::int64_t flops(Shape, Shape) { return 0; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::hole_channel_forward(run.context(), run.x(), run.x_valid(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::hole_channel_backward(run.context(), run.dy(), run.x_valid(), run.dx());
  }
};

}  // namespace tessera
