// SPDX-License-Identifier: BSD-3-Clause
// Group normalisation [wu2018]: each sample's channels in G groups of C/G neighbours, statistics
// over a group's channels and all pixels. G = C is instance normalisation [ulyanov2016].
//
//   y = gamma * (x - mu) / sqrt(var + eps) + beta,   mu, var (biased) of the sample's group
//   dx = (gamma dy - mean(gamma dy) - xhat mean(gamma dy xhat)) / sqrt(var + eps)
//   dgamma += sum dy xhat,   dbeta += sum dy    over samples and pixels
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Groups and parameters of one layer; gamma, beta [C], null = 1, 0. groups divides C.
template <class T>
struct GroupNormState {
  int groups = 1;
  const T* gamma = nullptr;
  const T* beta = nullptr;
  double epsilon = 1e-5;
};

/// Pixels of a sample summed by one task: by channels alone.
constexpr std::int64_t group_norm_chunk(int channels) {
  return std::clamp<std::int64_t>(4096 / std::max(channels, 1), 64, 1024);
}

/// Scratch bytes of both kernels: for each sample two double sums per chunk and channel, two in
/// all per channel, and four coefficients per channel.
template <class T>
constexpr std::size_t group_norm_workspace(int batch, const Shape& shape) {
  const std::int64_t chunk = group_norm_chunk(shape.channels);
  const std::int64_t chunks = (shape.pixels() + chunk - 1) / chunk;
  const std::int64_t rows = std::int64_t{batch} * shape.channels;
  return aligned_size(static_cast<std::size_t>(rows * 2 * (chunks + 1)) * sizeof(double)) +
         aligned_size(static_cast<std::size_t>(rows * 4) * sizeof(T));
}

/// x, y [N, H, W, C], any pixel stride, y may be x. saved [N][2][G]: mean and 1/sqrt(var + eps) for
/// the backward pass.
template <class T>
void group_norm_forward(const Context<Cpu>&, const GroupNormState<T>&,
                        std::type_identity_t<View<const T>> x, View<T> y,
                        std::type_identity_t<T>* saved, std::byte* workspace);
template <class T>
void group_norm_forward(const Context<Cuda>&, const GroupNormState<T>&,
                        std::type_identity_t<View<const T>> x, View<T> y,
                        std::type_identity_t<T>* saved, std::byte* workspace);

/// dx assigned, may be dy; dgamma, dbeta [C] added to; each may be empty or null.
template <class T>
void group_norm_backward(const Context<Cpu>&, const GroupNormState<T>&,
                         std::type_identity_t<View<const T>> x,
                         std::type_identity_t<View<const T>> dy,
                         const std::type_identity_t<T>* saved, View<T> dx,
                         std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                         std::byte* workspace);
template <class T>
void group_norm_backward(const Context<Cuda>&, const GroupNormState<T>&,
                         std::type_identity_t<View<const T>> x,
                         std::type_identity_t<View<const T>> dy,
                         const std::type_identity_t<T>* saved, View<T> dx,
                         std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                         std::byte* workspace);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/group_norm.hpp>
#endif
