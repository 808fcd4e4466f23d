// SPDX-License-Identifier: BSD-3-Clause
// InstanceNorm2d: y = (x - mean) / sqrt(var + eps), per sample and channel, over space.
#pragma once
#include <tessera/layers/group_norm.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// Normalises each channel of each sample over its pixels, in training and evaluation alike; of a
/// masked stream too it sees every position, holes included.
///
/// y = (x - mean) / sqrt(var + eps), with the biased variance
///
/// Shapes     x [N, H, W, Channels]  ->  y the same; masks are passed on
/// Template   Channels (> 0) or `any`, which it is unless given;  Eps  eps(1e-5) unless given
/// State      none
/// Gradients  x: assigned (=)
/// Errors     channels; at run time ArgumentError for 1x1 pixels, which have no variance
/// Source     [ulyanov2016]
template <int Channels = any, Epsilon Eps = eps(1e-5)>
struct InstanceNorm2d : detail::GroupNorm<any, Channels> {
  static_assert(count_or_any(Channels), "tessera: InstanceNorm2d needs a positive channel count");
  static constexpr std::string_view name = "instance_norm2d";

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    if (run.x().height * run.x().width < 2)
      throw ArgumentError(
          "instance_norm2d: expected more than one pixel per channel, got one (1x1)");
    kernels::group_norm_forward(run.context(), state(run), run.x(), run.y(), run.saved(),
                                run.workspace());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::group_norm_backward(run.context(), state(run), run.x(), run.dy(), run.saved(),
                                 run.dx(), nullptr, nullptr, run.workspace());
  }

 private:
  template <class Device, class T>
  static kernels::GroupNormState<T> state(const Run<Device, T>& run) {
    return {run.x().channels, nullptr, nullptr, Eps.value};
  }
};

}  // namespace tessera
