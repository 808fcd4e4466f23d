// SPDX-License-Identifier: BSD-3-Clause
// Gram matrices of feature maps: which channels are large in the same places, wherever they are.
//
//   G[c, d] = sum over pixels p of x[p, c] x[p, d]
//   for a loss L(G) with the symmetric S = dL/dG:   dx[p, c] += 2 sum over d of x[p, d] S[d, c]
//
// `together` images share one matrix of side together * C, rows image by image: 1 gives one matrix
// for each image, the batch size one matrix for the batch.
#pragma once
#include <cstddef>
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Elements of all matrices; batch must be a multiple of `together`.
constexpr std::ptrdiff_t gram_size(int batch, int channels, int together) {
  return std::ptrdiff_t{batch} * together * channels * channels;
}

/// G of x [N, H, W, C], any pixel stride; G [N / together, together C, together C].
template <class T>
void gram(const Context<Cpu>&, std::type_identity_t<View<const T>> x, int together, T* G);
template <class T>
void gram(const Context<Cuda>&, std::type_identity_t<View<const T>> x, int together, T* G);

/// dx += 2 x S; S as G, symmetric.
template <class T>
void gram_backward(const Context<Cpu>&, std::type_identity_t<View<const T>> x, int together,
                   const std::type_identity_t<T>* S, View<T> dx);
template <class T>
void gram_backward(const Context<Cuda>&, std::type_identity_t<View<const T>> x, int together,
                   const std::type_identity_t<T>* S, View<T> dx);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/gram.hpp>
#endif
