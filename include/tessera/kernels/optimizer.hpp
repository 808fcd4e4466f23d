// SPDX-License-Identifier: BSD-3-Clause
// Optimiser steps over flat buffers, one fused pass each; PyTorch's formulas in PyTorch's order.
//
//   Adam [kingma2015]  g' = s g + wd w;  m <- b1 m + (1-b1) g';  v <- b2 v + (1-b2) g'^2
//                      w <- w - lr/(1-b1^t) * m / (sqrt(v)/sqrt(1-b2^t) + eps)
//   SGD                g' = s g + wd w;  u <- mu u + g';  w <- w - lr u
//
// s scales the gradient (clipping, loss scale); u starts at zero, so its first value is g'.
#pragma once
#include <cmath>
#include <cstddef>
#include <type_traits>

#include <tessera/tensor/context.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Settings of one Adam step; correction1 = 1 - beta1^t, correction2 = 1 - beta2^t with t = 1, 2,
/// ...
struct AdamConstants {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  double correction1 = 1, correction2 = 1;
  double gradient_scale = 1;

  /// Sets both corrections for step t.
  void at_step(double t) {
    correction1 = 1 - std::pow(beta1, t);
    correction2 = 1 - std::pow(beta2, t);
  }
};

/// Settings of one SGD step.
struct SgdConstants {
  double learning_rate = 1e-2, momentum = 0, weight_decay = 0;
  double gradient_scale = 1;
};

/// w, m, v [n] updated; g [n] read.
template <class T>
void adam_step(const Context<Cpu>&, std::size_t n, T* w, T* m, T* v,
               const std::type_identity_t<T>* g, const AdamConstants&);

/// w, u [n] updated; g [n] read. u may be null where momentum is 0.
template <class T>
void sgd_step(const Context<Cpu>&, std::size_t n, T* w, std::type_identity_t<T>* u,
              const std::type_identity_t<T>* g, const SgdConstants&);

/// The same on a GPU, where settings, scale and gate are the GPU's: a step that is repeated as a
/// graph reads those of its time. *scale multiplies gradient_scale, null = 1; nothing is updated
/// where *gate is 0, null = update.
template <class T>
void adam_step(const Context<Cuda>&, std::size_t n, T* w, T* m, T* v,
               const std::type_identity_t<T>* g, const AdamConstants*, const double* scale,
               const int* gate);
template <class T>
void sgd_step(const Context<Cuda>&, std::size_t n, T* w, std::type_identity_t<T>* u,
              const std::type_identity_t<T>* g, const SgdConstants*, const double* scale,
              const int* gate);

}  // namespace tessera::kernels
