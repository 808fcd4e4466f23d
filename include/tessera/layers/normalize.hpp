// SPDX-License-Identifier: BSD-3-Clause
// Normalize: y = (x - mean) / deviation with constants of each channel, such as those of ImageNet.
#pragma once
#include <tessera/kernels/normalize.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Mean and standard deviation of up to four channels, as a template argument.
struct ChannelStatistics {
  int channels = 0;
  double mean[4]{};
  double deviation[4]{};

  constexpr bool valid() const {
    if (channels < 1 || channels > 4) return false;
    for (int c = 0; c < channels; ++c)
      if (!(deviation[c] > 0)) return false;
    return true;
  }
};

/// Of photographs in [0, 1], red, green, blue, over the training set of ImageNet.
inline constexpr ChannelStatistics imagenet{3, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};

/// From [0, 1] to [-1, 1], the range of a generator that ends with Tanh; its inverse goes back.
inline constexpr ChannelStatistics symmetric{3, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};

/// What undoes a normalisation: Normalize<inverse(s)> after Normalize<s> is the identity.
constexpr ChannelStatistics inverse(const ChannelStatistics& s) {
  ChannelStatistics r{s.channels, {}, {}};
  for (int c = 0; c < s.channels; ++c) {
    r.mean[c] = -s.mean[c] / s.deviation[c];
    r.deviation[c] = 1 / s.deviation[c];
  }
  return r;
}

/// Normalisation by constants.
///
/// y[n, a, b, c] = (x[n, a, b, c] - mean[c]) / deviation[c]
///
/// Shapes     x [N, H, W, C]  ->  y the same, C = Statistics.channels; masks are passed on
/// Template   Statistics  constants of 1 to 4 channels, such as `imagenet`; deviations > 0
/// Gradients  x: assigned (=).  Runs in place
/// Errors     channels
template <ChannelStatistics Statistics>
struct Normalize {
  static_assert(Statistics.valid(),
                "tessera: Normalize needs 1 to 4 channels and positive deviations");
  static constexpr std::string_view name = "normalize";
  static constexpr bool needs_x = false, needs_y = false, strided = true, in_place = true;

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.channels != Statistics.channels) return Complaint::channels;
    return in;
  }
  static constexpr std::int64_t flops(Shape, Shape out) { return 2 * out.size(); }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::normalize_forward(run.context(), Statistics.mean, Statistics.deviation, run.x(),
                               run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    kernels::normalize_backward(run.context(), Statistics.deviation, run.dy(), run.dx());
  }
};

}  // namespace tessera
