// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation over N, H, W per channel [ioffe2015]; PyTorch's definitions.
//
//   training     y = gamma * (x - mu) / sqrt(var + eps) + beta,   mu, var (biased) of the batch
//                running_mean <- (1-m) running_mean + m mu
//                running_var  <- (1-m) running_var  + m var n/(n-1),   n = N*H*W
//   evaluation   the same y with the running statistics
//   both         f(y) in place of y, with f(v) = v > 0 ? v : slope v; slope 0 is ReLU, also for NaN
//   backward     dy f'(y) in place of dy, with y computed again
//                dx = gamma/sigma * (dy - mean(dy) - xhat mean(dy xhat))     (batch statistics)
//                dx = gamma/sigma * dy                                       (fixed statistics)
//                dgamma += sum dy xhat,   dbeta += sum dy
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/kernels/batch_norm_state.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Batch statistics. x, y [N, H, W, C], any pixel stride, y may be x. saved [2][C]: mean and
/// 1/sqrt(var + eps) for the backward pass. n = 1 has no unbiased variance: the running variance
/// then takes the biased one (0); PyTorch refuses such a batch, and so should the layer.
template <class T>
void batch_norm_training(const Context<Cpu>&, const BatchNormState<T>&,
                         std::type_identity_t<View<const T>> x, View<T> y,
                         std::type_identity_t<T>* saved, std::byte* workspace);
template <class T>
void batch_norm_training(const Context<Cuda>&, const BatchNormState<T>&,
                         std::type_identity_t<View<const T>> x, View<T> y,
                         std::type_identity_t<T>* saved, std::byte* workspace);

/// Running statistics; nothing is updated. y may be x.
template <class T>
void batch_norm_evaluation(const Context<Cpu>&, const BatchNormState<T>&,
                           std::type_identity_t<View<const T>> x, View<T> y, std::byte* workspace);
template <class T>
void batch_norm_evaluation(const Context<Cuda>&, const BatchNormState<T>&,
                           std::type_identity_t<View<const T>> x, View<T> y, std::byte* workspace);

/// Gradients of batch_norm_training. dx assigned, may be dy; dgamma, dbeta added to; each may be
/// empty or null. dgamma and dbeta [C].
template <class T>
void batch_norm_training_backward(const Context<Cpu>&, const BatchNormState<T>&,
                                  std::type_identity_t<View<const T>> x,
                                  std::type_identity_t<View<const T>> dy,
                                  const std::type_identity_t<T>* saved, View<T> dx,
                                  std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                                  std::byte* workspace);
template <class T>
void batch_norm_training_backward(const Context<Cuda>&, const BatchNormState<T>&,
                                  std::type_identity_t<View<const T>> x,
                                  std::type_identity_t<View<const T>> dy,
                                  const std::type_identity_t<T>* saved, View<T> dx,
                                  std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                                  std::byte* workspace);

/// Gradients of batch_norm_evaluation, which used the running statistics of `state`.
template <class T>
void batch_norm_evaluation_backward(const Context<Cpu>&, const BatchNormState<T>&,
                                    std::type_identity_t<View<const T>> x,
                                    std::type_identity_t<View<const T>> dy, View<T> dx,
                                    std::type_identity_t<T>* dgamma,
                                    std::type_identity_t<T>* dbeta, std::byte* workspace);
template <class T>
void batch_norm_evaluation_backward(const Context<Cuda>&, const BatchNormState<T>&,
                                    std::type_identity_t<View<const T>> x,
                                    std::type_identity_t<View<const T>> dy, View<T> dx,
                                    std::type_identity_t<T>* dgamma,
                                    std::type_identity_t<T>* dbeta, std::byte* workspace);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/batch_norm.hpp>
#endif
