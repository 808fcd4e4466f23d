// SPDX-License-Identifier: BSD-3-Clause
// Linear: y = x W^T + b over the channels of every pixel.
#pragma once
#include <string_view>

#include <tessera/kernels/linear.hpp>
#include <tessera/layers/channels.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// A linear map of the channels, the same at every pixel.
///
/// y[p, o] = sum_i x[p, i] weight[o, i] + bias[o]
///
/// Shapes     x [N, H, W, In]  ->  y [N, H, W, Out]; a mask ends here
/// Template   In  channels (> 0) or `any`;  Out  channels (> 0);  B  no_bias(): y = x W^T alone
/// State      weight [Out, In], bias [Out];  both U(-1/sqrt(In), 1/sqrt(In))
/// Gradients  weight, bias: added to (+=).  x: assigned (=)
/// Errors     channels
template <int In, int Out, Bias B = Bias{}>
struct Linear {
  static_assert(count_or_any(In) && Out > 0, "tessera: Linear needs positive channel counts");
  static constexpr std::string_view name = "linear";
  static constexpr bool needs_x = true, needs_y = false, strided = true, makes_mask = true;

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (!takes_channels(In, in)) return Complaint::channels;
    return Shape{in.height, in.width, Out};
  }
  static constexpr auto parameters(Shape in) {
    const int channels = deduced(In, in.channels);
    Parameter weight{"weight", {Out, channels}, torch_default(channels)};
    if constexpr (B.trained)
      return tessera::parameters(weight, Parameter{"bias", {Out}, weight.initializer});
    else return tessera::parameters(weight);
  }
  static constexpr std::int64_t flops(Shape in, Shape out) { return 2 * out.size() * in.channels; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::linear_forward(run.context(), run.x(), static_cast<const T*>(run.parameter(0).data),
                            B.trained ? run.parameter(1).data : nullptr, run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    if (run.dx())
      kernels::linear_backward_input(run.context(), run.dy(),
                                     static_cast<const T*>(run.parameter(0).data), run.dx());
    if (run.gradient(0))
      kernels::linear_backward_weight(run.context(), run.x(), run.dy(), run.gradient(0).data);
    if constexpr (B.trained) kernels::bias_gradient(run.context(), run.dy(), run.gradient(1).data);
  }
};

}  // namespace tessera
