// SPDX-License-Identifier: BSD-3-Clause
// A linear map of the channels of every pixel: problem, contract and entry points.
//
//   y[p, o]   = sum_i x[p, i] W[o, i] + b[o]
//   dx[p, i]  = sum_o dy[p, o] W[o, i]
//   dW[o, i] += sum_p dy[p, o] x[p, i],   db[o] += sum_p dy[p, o]
//
// With many pixels these are matrix products (kernels/gemm.hpp). With few, as behind a flattened
// map, the weight is read once and the product costs as much as memory: BLAS would rearrange it.
#pragma once
#include <cstddef>
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Pixels up to which the products read the weight as it lies.
inline constexpr std::ptrdiff_t linear_few_rows = 16;

/// x [N, H, W, I], y [N, H, W, O], any pixel strides; weight [O, I]; bias [O] or null.
template <class T>
void linear_forward(const Context<Cpu>&, std::type_identity_t<View<const T>> x, const T* weight,
                    const std::type_identity_t<T>* bias, View<T> y);
template <class T>
void linear_forward(const Context<Cuda>&, std::type_identity_t<View<const T>> x, const T* weight,
                    const std::type_identity_t<T>* bias, View<T> y);

/// dx assigned.
template <class T>
void linear_backward_input(const Context<Cpu>&, std::type_identity_t<View<const T>> dy,
                           const T* weight, View<T> dx);
template <class T>
void linear_backward_input(const Context<Cuda>&, std::type_identity_t<View<const T>> dy,
                           const T* weight, View<T> dx);

/// dweight [O, I], added to.
template <class T>
void linear_backward_weight(const Context<Cpu>&, std::type_identity_t<View<const T>> x,
                            std::type_identity_t<View<const T>> dy, T* dweight);
template <class T>
void linear_backward_weight(const Context<Cuda>&, std::type_identity_t<View<const T>> x,
                            std::type_identity_t<View<const T>> dy, T* dweight);

/// Sums over the pixels, in double, added to first and second [O]; each may be null.
template <class T>
void bias_gradient(const Context<Cpu>&, View<const T> dy, std::type_identity_t<T>* first,
                   std::type_identity_t<T>* second = nullptr);
template <class T>
void bias_gradient(const Context<Cuda>&, View<const T> dy, std::type_identity_t<T>* first,
                   std::type_identity_t<T>* second = nullptr);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/linear.hpp>
#endif
