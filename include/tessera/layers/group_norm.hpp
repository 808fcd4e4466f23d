// SPDX-License-Identifier: BSD-3-Clause
// GroupNorm: y = (x - mean) / sqrt(var + eps) * weight + bias, per sample and group of channels.
#pragma once
#include <tessera/kernels/group_norm.hpp>
#include <tessera/layers/channels.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

namespace detail {

/// What GroupNorm and InstanceNorm2d share: all but the affine map and what they refuse. Groups
/// `any`: each channel is one.
template <int Groups, int Channels>
struct GroupNorm {
  static constexpr bool needs_x = true, needs_y = false, strided = true, gradient_in_place = true;
  static constexpr Reach reach{0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (!takes_channels(Channels, in)) return Complaint::channels;
    if (in.channels % deduced(Groups, in.channels) != 0) return Complaint::groups;
    return in;
  }
  /// Mean and 1 / sqrt(var + eps).
  static constexpr Saved saved(Shape in) { return {2 * deduced(Groups, in.channels), 0}; }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return r.scalar_size == sizeof(double)
               ? kernels::group_norm_workspace<double>(r.batch, r.output)
               : kernels::group_norm_workspace<float>(r.batch, r.output);
  }
  static constexpr std::int64_t flops(Shape, Shape out) { return 2 * out.size(); }
};

}  // namespace detail

/// Normalises each sample over groups of neighbouring channels and all pixels, in training and
/// evaluation alike; of a masked stream too it sees every position, holes included.
///
/// y = (x - mean) / sqrt(var + eps) * weight + bias, with the biased variance of the group
///
/// Shapes     x [N, H, W, Channels]  ->  y the same; masks are passed on
/// Template   Groups (> 0, divides the channels);  Channels (> 0) or `any`, which it is unless
///            given;  Eps  eps(1e-5) unless given
/// State      weight = 1, bias = 0, a number per channel
/// Gradients  weight, bias: added to (+=).  x: assigned (=)
/// Errors     channels; groups: they do not divide the channels
/// Source     [wu2018]
template <int Groups, int Channels = any, Epsilon Eps = eps(1e-5)>
struct GroupNorm : detail::GroupNorm<Groups, Channels> {
  static_assert(Groups > 0 && count_or_any(Channels), "tessera: GroupNorm needs positive counts");
  static_assert(Groups <= 0 || Channels == any || Channels % Groups == 0,
                "tessera: GroupNorm's groups must divide its channels");
  static constexpr std::string_view name = "group_norm";

  static constexpr auto parameters(Shape in) {
    const Dims each{deduced(Channels, in.channels)};
    return tessera::parameters(Parameter{"weight", each, ones}, Parameter{"bias", each, zeros});
  }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::group_norm_forward(run.context(), state(run), run.x(), run.y(), run.saved(),
                                run.workspace());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::group_norm_backward(run.context(), state(run), run.x(), run.dy(), run.saved(),
                                 run.dx(), run.gradient(0).data, run.gradient(1).data,
                                 run.workspace());
  }

 private:
  template <class Device, class T>
  static kernels::GroupNormState<T> state(const Run<Device, T>& run) {
    return {Groups, run.parameter(0).data, run.parameter(1).data, Eps.value};
  }
};

}  // namespace tessera
