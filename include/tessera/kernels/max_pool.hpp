// SPDX-License-Identifier: BSD-3-Clause
// Max pooling without padding; incomplete windows are dropped. PyTorch's rules:
//
//   y[n, a, b, c] = max of x[n, S*a + u, S*b + v, c], 0 <= u, v < K;   H' = floor((H - K)/S) + 1
//   the gradient goes to the first maximum in row-major order; NaN is larger than all numbers
//   (of several NaN the last one takes the gradient).
//
// The backward finds the maximum again from x: no indices are saved, and y is not needed.
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// x [N, H, W, C] -> y [N, H', W', C]; any pixel strides.
template <class T>
void max_pool_forward(const Context<Cpu>&, int kernel, int stride,
                      std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void max_pool_forward(const Context<Cuda>&, int kernel, int stride,
                      std::type_identity_t<View<const T>> x, View<T> y);

/// dx [N, H, W, C] assigned from x and dy [N, H', W', C]; an empty dx is not wanted. dx overlaps
/// neither x nor dy.
template <class T>
void max_pool_backward(const Context<Cpu>&, int kernel, int stride,
                       std::type_identity_t<View<const T>> x,
                       std::type_identity_t<View<const T>> dy, View<T> dx);
template <class T>
void max_pool_backward(const Context<Cuda>&, int kernel, int stride,
                       std::type_identity_t<View<const T>> x,
                       std::type_identity_t<View<const T>> dy, View<T> dx);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/max_pool.hpp>
#endif
