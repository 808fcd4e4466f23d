// SPDX-License-Identifier: BSD-3-Clause
// Average pooling without padding; incomplete windows are dropped.
//
//   y[n, a, b, c] = 1/K^2 * sum of x[n, S*a + u, S*b + v, c], 0 <= u, v < K;  H' = floor((H - K)/S)
//   + 1 dx[n, h, w, c] = 1/K^2 * sum of dy over the windows that hold (h, w); 0 where none does
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// x [N, H, W, C] -> y [N, H', W', C]; any pixel strides.
template <class T>
void avg_pool_forward(const Context<Cpu>&, int kernel, int stride,
                      std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void avg_pool_forward(const Context<Cuda>&, int kernel, int stride,
                      std::type_identity_t<View<const T>> x, View<T> y);

/// dx [N, H, W, C] assigned from dy [N, H', W', C]; an empty dx is not wanted. dx does not overlap
/// dy.
template <class T>
void avg_pool_backward(const Context<Cpu>&, int kernel, int stride,
                       std::type_identity_t<View<const T>> dy, View<T> dx);
template <class T>
void avg_pool_backward(const Context<Cuda>&, int kernel, int stride,
                       std::type_identity_t<View<const T>> dy, View<T> dx);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/avg_pool.hpp>
#endif
