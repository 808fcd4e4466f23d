// SPDX-License-Identifier: BSD-3-Clause
// Layer normalisation over the channels of each pixel (the last axis) [ba2016].
//
//   y = gamma * (x - mu) / sqrt(var + eps) + beta,   mu, var (biased) of the pixel's channels
//   dx = (gamma dy - mean(gamma dy) - xhat mean(gamma dy xhat)) / sqrt(var + eps)
//   dgamma += sum dy xhat,   dbeta += sum dy    over all pixels
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Parameters of one layer, each [C].
template <class T>
struct LayerNormState {
  const T* gamma = nullptr;
  const T* beta = nullptr;
  double epsilon = 1e-5;
};

/// Pixels of one task: by channels alone.
constexpr std::int64_t layer_norm_chunk(int channels) {
  return std::clamp<std::int64_t>(8192 / std::max(channels, 1), 16, 1024);
}

/// Scratch bytes of the backward pass: two double sums per chunk and channel.
constexpr std::size_t layer_norm_workspace(int batch, const Shape& shape) {
  const std::int64_t chunk = layer_norm_chunk(shape.channels);
  const std::int64_t chunks = (batch * shape.pixels() + chunk - 1) / chunk;
  return aligned_size(static_cast<std::size_t>(chunks * 2 * shape.channels) * sizeof(double));
}

/// x, y [N, H, W, C], any pixel stride, y may be x. saved [N*H*W][2]: mean and 1/sqrt(var + eps)
/// for the backward pass.
template <class T>
void layer_norm_forward(const Context<Cpu>&, const LayerNormState<T>&,
                        std::type_identity_t<View<const T>> x, View<T> y,
                        std::type_identity_t<T>* saved);
template <class T>
void layer_norm_forward(const Context<Cuda>&, const LayerNormState<T>&,
                        std::type_identity_t<View<const T>> x, View<T> y,
                        std::type_identity_t<T>* saved);

/// dx assigned, may be dy; dgamma, dbeta [C] added to; each may be empty or null.
template <class T>
void layer_norm_backward(const Context<Cpu>&, const LayerNormState<T>&,
                         std::type_identity_t<View<const T>> x,
                         std::type_identity_t<View<const T>> dy,
                         const std::type_identity_t<T>* saved, View<T> dx,
                         std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                         std::byte* workspace);
template <class T>
void layer_norm_backward(const Context<Cuda>&, const LayerNormState<T>&,
                         std::type_identity_t<View<const T>> x,
                         std::type_identity_t<View<const T>> dy,
                         const std::type_identity_t<T>* saved, View<T> dx,
                         std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                         std::byte* workspace);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/layer_norm.hpp>
#endif
