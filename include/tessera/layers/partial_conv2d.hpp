// SPDX-License-Identifier: BSD-3-Clause
// PartialConv2d: a convolution of the valid pixels alone, rescaled by their share of the window,
// that shrinks the hole.
#pragma once
#include <tessera/layers/conv2d.hpp>

namespace tessera {

/// 2-D partial convolution: convolves only the valid pixels and shrinks the hole.
///
/// y = W * (x . m) * (K K In / sum(m)) + b   where sum(m) > 0, else y = 0;     m' = [sum(m) > 0]
///
/// sum(m) runs over all channels of the window; padding counts as hole. Pixels under a hole are
/// selected away, never multiplied: NaN there changes nothing.
///
/// Shapes     x [N, H, W, In] with mask groups  ->  y [N, H', W', Out], one mask group; H' is that
///            of Conv2d
/// Template   In  channels (> 0) or `any`;  Out  channels (> 0)
///            W   window, such as kernel(3).same()
/// State      weight [Out, In, K, K] ~ N(0, sqrt(2/(In K K))), bias [Out] = 0
/// Gradients  weight, bias: added to (+=).  x: assigned (=), 0 under holes.  mask: none
/// Errors     not_masked, channels, window
/// Source     [liu2018] equations 1 and 2
template <int In, int Out, Window W>
struct PartialConv2d {
  static_assert(count_or_any(In) && Out > 0,
                "tessera: PartialConv2d needs positive channel counts");
  static_assert(W.valid() && W.extra == 0,
                "tessera: PartialConv2d needs kernel > 0, stride > 0, 0 <= padding < kernel and no "
                "output padding");
  static constexpr std::string_view name = "partial_conv2d";
  static constexpr bool needs_x = true, needs_y = false, strided = true, makes_mask = true;
  static constexpr Reach reach{W.size, W.step, W.pad, 1,
                               kernels::conv2d_grid(W.size, W.step, In, Out)};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (!in.masked()) return Complaint::not_masked;
    const ShapeOrComplaint out = convolved(in, W, In, Out);
    if (out.complaint != Complaint::none) return out;
    return out.shape.with_mask();
  }
  static constexpr auto parameters(Shape in) {
    const int channels = deduced(In, in.channels);
    const double fan_in = static_cast<double>(channels) * W.size * W.size;
    Parameter weight{"weight",
                     {Out, channels, W.size, W.size},
                     he_normal(fan_in),
                     Role::trained,
                     Order::kernel_first};
    if constexpr (W.with_bias) return tessera::parameters(weight, Parameter{"bias", {Out}, zeros});
    else return tessera::parameters(weight);
  }
  /// The scale K K In / sum(m) of every output position.
  static constexpr Saved saved(Shape, Shape out) { return {out.pixels(), 0}; }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return detail::conv2d_workspace(r, W);
  }
  static constexpr std::int64_t flops(Shape in, Shape out) {
    return detail::conv2d_flops(in, out, W);
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::partial_conv2d_mask(
        run.context(), detail::conv2d_problem(run.batch(), run.x().shape(), run.y().shape(), W),
        run.x_valid(), run.saved(), run.y_valid());
    detail::conv2d_forward<W>(run, run.x_valid(), static_cast<const T*>(run.saved()));
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    detail::conv2d_backward<W>(run, run.x_valid(), static_cast<const T*>(run.saved()));
  }
};

}  // namespace tessera
