// SPDX-License-Identifier: BSD-3-Clause
// Parameters, statistics and scratch of batch normalisation's kernels.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Parameters and running statistics of one layer, each [C]; gamma, beta null = 1, 0; running
/// statistics null = not tracked (training only). epsilon and momentum are real numbers, and so is
/// the slope of the activation behind the layer; below 0 there is none.
template <class T>
struct BatchNormState {
  const T* gamma = nullptr;
  const T* beta = nullptr;
  T* running_mean = nullptr;
  T* running_var = nullptr;
  double epsilon = 1e-5;
  double momentum = 0.1;
  double negative_slope = -1;
};

/// Pixels summed by one task: by channels alone.
constexpr std::int64_t batch_norm_chunk(int channels) {
  return std::clamp<std::int64_t>(4096 / std::max(channels, 1), 64, 1024);
}

/// Scratch bytes of all batch-norm kernels: two double sums per chunk and channel, two in total,
/// and four coefficients per channel.
template <class T>
constexpr std::size_t batch_norm_workspace(int batch, const Shape& shape) {
  const std::int64_t chunk = batch_norm_chunk(shape.channels);
  const std::int64_t chunks = (batch * shape.pixels() + chunk - 1) / chunk;
  const auto sums = static_cast<std::size_t>((chunks + 1) * 2 * shape.channels);
  return aligned_size(sums * sizeof(double)) +
         aligned_size(static_cast<std::size_t>(4 * shape.channels) * sizeof(T));
}

}  // namespace tessera::kernels
