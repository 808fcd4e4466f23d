// SPDX-License-Identifier: BSD-3-Clause
// Optimiser steps on a GPU: every number is read and written once.
#pragma once
#include <algorithm>

#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/optimizer.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(optimizer_settings_text, (),
  // kernels::AdamConstants and kernels::SgdConstants, number by number.
  struct AdamSettings {
    double learning_rate; double beta1; double beta2; double epsilon; double weight_decay;
    double correction1; double correction2; double gradient_scale;
  };
  struct SgdSettings {
    double learning_rate; double momentum; double weight_decay; double gradient_scale;
  };
)
TESSERA_CUDA_TEXT(optimizer_text, (&elements_text, &optimizer_settings_text),
  template <class T>
  __global__ void adam_step(long n, T* __restrict__ w, T* __restrict__ m, T* __restrict__ v,
                            const T* __restrict__ g, const AdamSettings* settings,
                            const double* scale, const int* gate) {
    if (gate && *gate == 0) return;
    const AdamSettings s = *settings;
    const T times = static_cast<T>(scale ? s.gradient_scale * *scale : s.gradient_scale);
    const T decay = static_cast<T>(s.weight_decay);
    const T beta1 = static_cast<T>(s.beta1);
    const T rest1 = static_cast<T>(1 - s.beta1);
    const T beta2 = static_cast<T>(s.beta2);
    const T rest2 = static_cast<T>(1 - s.beta2);
    const T root2 = static_cast<T>(math::sqrt(s.correction2));
    const T epsilon = static_cast<T>(s.epsilon);
    const T step = static_cast<T>(s.learning_rate / s.correction1);
    for (long i = first_element(); i < n; i += element_step()) {
      const T weight = w[i];
      const T gradient = g[i] * times + weight * decay;
      const T first = m[i] * beta1 + gradient * rest1;
      const T second = v[i] * beta2 + gradient * gradient * rest2;
      m[i] = first;
      v[i] = second;
      w[i] = weight - step * (first / (math::sqrt(second) / root2 + epsilon));
    }
  }
  template <class T>
  __global__ void sgd_step(long n, T* __restrict__ w, T* __restrict__ u, const T* __restrict__ g,
                           const SgdSettings* settings, const double* scale, const int* gate) {
    if (gate && *gate == 0) return;
    const SgdSettings s = *settings;
    const T times = static_cast<T>(scale ? s.gradient_scale * *scale : s.gradient_scale);
    const T decay = static_cast<T>(s.weight_decay);
    const T momentum = static_cast<T>(s.momentum);
    const T rate = static_cast<T>(s.learning_rate);
    for (long i = first_element(); i < n; i += element_step()) {
      const T weight = w[i];
      T gradient = g[i] * times + weight * decay;
      if (u) {
        gradient = u[i] * momentum + gradient;
        u[i] = gradient;
      }
      w[i] = weight - rate * gradient;
    }
  }
)
// clang-format on

/// As launch_each, with fewer threads that do more: each reads the settings first.
template <class K, class... A>
void launch_step(const Context<Cuda>& context, const K& kernel, long n, A... arguments) {
  constexpr long threads = 256, most = 2048;
  context.engine().launch(
      kernel, {static_cast<unsigned>(std::min((n + threads - 1) / threads, most)), 1, 1},
      {threads, 1, 1}, 0, n, arguments...);
}

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void adam_step(const Context<Cuda>& context, std::size_t n, T* w, T* m, T* v,
                      const std::type_identity_t<T>* g, const AdamConstants* constants,
                      const double* scale, const int* gate) {
  static_assert(sizeof(AdamConstants) == sizeof(cuda::AdamSettings));
  cuda::launch_step(context, TESSERA_CUDA_KERNEL(cuda::optimizer_text, adam_step, (T), ()),
                    static_cast<long>(n), w, m, v, g,
                    reinterpret_cast<const cuda::AdamSettings*>(constants), scale, gate);
}

template <class T>
inline void sgd_step(const Context<Cuda>& context, std::size_t n, T* w, std::type_identity_t<T>* u,
                     const std::type_identity_t<T>* g, const SgdConstants* constants,
                     const double* scale, const int* gate) {
  static_assert(sizeof(SgdConstants) == sizeof(cuda::SgdSettings));
  cuda::launch_step(context, TESSERA_CUDA_KERNEL(cuda::optimizer_text, sgd_step, (T), ()),
                    static_cast<long>(n), w, u, g,
                    reinterpret_cast<const cuda::SgdSettings*>(constants), scale, gate);
}

}  // namespace tessera::kernels
