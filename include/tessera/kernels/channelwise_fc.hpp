// SPDX-License-Identifier: BSD-3-Clause
// Channel-wise fully connected products: every channel's flattened map by a matrix of its own.
//
//   y[n, j, c]   = sum_i x[n, i, c] W[c, i, j]        i, j over the P = H W pixels
//   dx[n, i, c]  = sum_j dy[n, j, c] W[c, i, j]
//   dW[c, i, j] += sum_n x[n, i, c] dy[n, j, c]
#pragma once
#include <cstddef>
#include <type_traits>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// x, y [N, H, W, C], any pixel strides; weight [C, P, P]. workspace: channelwise_fc_workspace
/// bytes with backward false.
template <class T>
void channelwise_fc_forward(const Context<Cpu>&, std::type_identity_t<View<const T>> x,
                            const T* weight, View<T> y, std::byte* workspace);
template <class T>
void channelwise_fc_forward(const Context<Cuda>&, std::type_identity_t<View<const T>> x,
                            const T* weight, View<T> y, std::byte* workspace);

/// dx assigned (empty: not wanted), dweight added to (null: not wanted).
template <class T>
void channelwise_fc_backward(const Context<Cpu>&, std::type_identity_t<View<const T>> x,
                             std::type_identity_t<View<const T>> dy, const T* weight, View<T> dx,
                             std::type_identity_t<T>* dweight, std::byte* workspace);
template <class T>
void channelwise_fc_backward(const Context<Cuda>&, std::type_identity_t<View<const T>> x,
                             std::type_identity_t<View<const T>> dy, const T* weight, View<T> dx,
                             std::type_identity_t<T>* dweight, std::byte* workspace);

/// Scratch bytes: two maps with the channels first, and in the backward pass a transposed matrix
/// for each channel of a block (one task).
template <class T>
constexpr std::size_t channelwise_fc_workspace(int batch, const Shape& shape, bool backward) {
  const auto map = static_cast<std::size_t>(batch * shape.size()) * sizeof(T);
  const auto pixels = static_cast<std::size_t>(shape.pixels());
  const auto channels = static_cast<std::size_t>(shape.channels);
  return (backward ? 3 : 2) * aligned_size(map) +
         (backward ? aligned_size(channels * pixels * pixels * sizeof(T)) : 0);
}

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/channelwise_fc.hpp>
#endif
