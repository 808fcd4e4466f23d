// SPDX-License-Identifier: BSD-3-Clause
// Normalisation by given statistics of each channel.
//
//   y[p, c] = (x[p, c] - mean[c]) / deviation[c]      dx[p, c] = dy[p, c] / deviation[c]
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// x -> y of one shape, any pixel strides; y may lie over x. mean, deviation [C].
template <class T>
void normalize_forward(const Context<Cpu>&, const double* mean, const double* deviation,
                       std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void normalize_forward(const Context<Cuda>&, const double* mean, const double* deviation,
                       std::type_identity_t<View<const T>> x, View<T> y);

/// dx assigned from dy; an empty dx is not wanted, and dx may lie over dy.
template <class T>
void normalize_backward(const Context<Cpu>&, const double* deviation,
                        std::type_identity_t<View<const T>> dy, View<T> dx);
template <class T>
void normalize_backward(const Context<Cuda>&, const double* deviation,
                        std::type_identity_t<View<const T>> dy, View<T> dx);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/normalize.hpp>
#endif
