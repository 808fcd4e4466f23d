// SPDX-License-Identifier: BSD-3-Clause
// The window of a convolution or pooling, as a template argument: kernel(3).stride(2).padding(1),
// kernel(3).same().
#pragma once
#include <tessera/layers/channels.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// Square window: kernel size, stride, zero padding, whether a bias is added, and, of transposed
/// convolutions, how many rows and columns are added behind the output.
struct Window {
  int size = 1, step = 1, pad = 0;
  bool with_bias = true;
  int extra = 0;

  constexpr Window stride(int s) const { return {size, s, pad, with_bias, extra}; }
  constexpr Window padding(int p) const { return {size, step, p, with_bias, extra}; }
  constexpr Window no_bias() const { return {size, step, pad, false, extra}; }
  /// padding((kernel - 1) / 2), whatever the stride: n pixels become ceil(n / stride), the same
  /// number at stride 1. Of odd kernels only; ArgumentError, or no constant, of an even one.
  constexpr Window same() const {
    if (size % 2 == 0)
      throw ArgumentError("tessera: same() needs an odd kernel; an even one has no such padding");
    return padding((size - 1) / 2);
  }
  constexpr Window output_padding(int o) const { return {size, step, pad, with_bias, o}; }

  /// floor((n + 2*padding - kernel) / stride) + 1; 0 where the window does not fit.
  constexpr int output_size(int n) const {
    return n + 2 * pad < size ? 0 : (n + 2 * pad - size) / step + 1;
  }
  constexpr bool valid() const { return size > 0 && step > 0 && pad >= 0 && pad < size; }
};

constexpr Window kernel(int size) { return {size}; }

/// Output of a convolution with this window, or what is wrong; in_channels is a count or `any`.
constexpr ShapeOrComplaint convolved(const Shape& in, const Window& w, int in_channels,
                                     int out_channels) {
  if (!takes_channels(in_channels, in)) return Complaint::channels;
  const Shape out{w.output_size(in.height), w.output_size(in.width), out_channels};
  if (out.height < 1 || out.width < 1) return Complaint::window;
  return out;
}

}  // namespace tessera
