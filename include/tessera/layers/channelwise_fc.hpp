// SPDX-License-Identifier: BSD-3-Clause
// ChannelwiseFC: every channel's map by a trained matrix of its own.
#pragma once
#include <string_view>

#include <tessera/kernels/channelwise_fc.hpp>
#include <tessera/layers/channels.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// A fully connected layer inside every channel, without bias: all pixels of a map see each other,
/// channels do not.
///
/// y[n, c, j] = sum_i x[n, c, i] weight[c, i, j]      i, j over the Height Width pixels, row by row
///
/// Shapes     x [N, Height, Width, Channels]  ->  y the same
/// Template   Height, Width, Channels  (> 0) or `any`, which they are unless given
/// State      weight [Channels, Height Width, Height Width], N(0, 1/sqrt(Height Width))
/// Gradients  weight: added to (+=).  x: assigned (=)
/// Errors     channels; fixed_size: the weight belongs to one size; masked
/// Source     [pathak2016]
template <int Height = any, int Width = any, int Channels = any>
struct ChannelwiseFC {
  static_assert(count_or_any(Height) && count_or_any(Width) && count_or_any(Channels),
                "tessera: ChannelwiseFC needs a positive size and channel count");
  static constexpr std::string_view name = "channelwise_fc";
  static constexpr bool needs_x = true, needs_y = false, strided = true;
  static constexpr Reach reach{0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    if (!takes_channels(Channels, in)) return Complaint::channels;
    if (in.height != deduced(Height, in.height) || in.width != deduced(Width, in.width))
      return Complaint::fixed_size;
    return in;
  }
  static constexpr auto parameters(Shape in) {
    const int pixels = deduced(Height, in.height) * deduced(Width, in.width);
    return tessera::parameters(Parameter{"weight",
                                         {deduced(Channels, in.channels), pixels, pixels},
                                         normal(1 / square_root(pixels))});
  }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return r.scalar_size == sizeof(double)
               ? kernels::channelwise_fc_workspace<double>(r.batch, r.output, r.backward)
               : kernels::channelwise_fc_workspace<float>(r.batch, r.output, r.backward);
  }
  static constexpr std::int64_t flops(Shape in, Shape) { return 2 * in.size() * in.pixels(); }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::channelwise_fc_forward(run.context(), run.x(),
                                    static_cast<const T*>(run.parameter(0).data), run.y(),
                                    run.workspace());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::channelwise_fc_backward(run.context(), run.x(), run.dy(),
                                     static_cast<const T*>(run.parameter(0).data), run.dx(),
                                     run.gradient(0).data, run.workspace());
  }
};

}  // namespace tessera
