// SPDX-License-Identifier: BSD-3-Clause
// LayerNorm: y = (x - mean) / sqrt(var + eps) * weight + bias, per pixel over its channels.
#pragma once
#include <tessera/kernels/layer_norm.hpp>
#include <tessera/layers/channels.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Normalises each pixel (token) over its channels, in training and evaluation alike.
///
/// y = (x - mean) / sqrt(var + eps) * weight + bias, with the biased variance
///
/// Shapes     x [N, H, W, Channels]  ->  y the same; masks are passed on
/// Template   Channels (> 0) or `any`, which it is unless given;  Eps  eps(1e-5) unless given
/// State      weight = 1, bias = 0, a number per channel
/// Gradients  weight, bias: added to (+=).  x: assigned (=)
/// Errors     channels
/// Source     [ba2016]
template <int Channels = any, Epsilon Eps = eps(1e-5)>
struct LayerNorm {
  static_assert(count_or_any(Channels), "tessera: LayerNorm needs a positive channel count");
  static constexpr std::string_view name = "layer_norm";
  static constexpr bool needs_x = true, needs_y = false, strided = true, gradient_in_place = true;

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (!takes_channels(Channels, in)) return Complaint::channels;
    return in;
  }
  static constexpr auto parameters(Shape in) {
    const Dims each{deduced(Channels, in.channels)};
    return tessera::parameters(Parameter{"weight", each, ones}, Parameter{"bias", each, zeros});
  }
  /// Mean and 1 / sqrt(var + eps).
  static constexpr Saved saved(Shape in) { return {2 * in.pixels(), 0}; }
  static constexpr std::size_t workspace(const WorkspaceRequest& r) {
    return r.backward ? kernels::layer_norm_workspace(r.batch, r.output) : 0;
  }
  static constexpr std::int64_t flops(Shape, Shape out) { return 2 * out.size(); }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::layer_norm_forward(run.context(), state(run), run.x(), run.y(), run.saved());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::layer_norm_backward(run.context(), state(run), run.x(), run.dy(), run.saved(),
                                 run.dx(), run.gradient(0).data, run.gradient(1).data,
                                 run.workspace());
  }

 private:
  template <class Device, class T>
  static kernels::LayerNormState<T> state(const Run<Device, T>& run) {
    return {run.parameter(0).data, run.parameter(1).data, Eps.value};
  }
};

}  // namespace tessera
