// SPDX-License-Identifier: BSD-3-Clause
// Optimiser steps on a GPU: the text, one parameter a thread; every number is read and written
// once.
#pragma once
#include <algorithm>

#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/optimizer.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(buffer_pointers_text, (),
  template <class T>
  struct BufferPointers { T* at[12]; };
)
TESSERA_CUDA_TEXT(optimizer_text, (&elements_text, &buffer_pointers_text),
  // s.update(w, g, state[0], ..., state[N - 1])
  template <int N, class Step, class T, class... Behind>
  __device__ void update_with(const Step& s, T& w, T g, T* state, Behind&... behind) {
    if constexpr (N == 0) s.update(w, g, behind...);
    else update_with<N - 1>(s, w, g, state, state[N - 1], behind...);
  }
  template <class Step, class T, int N>
  __global__ void optimizer_step(long n, T* __restrict__ w, const T* __restrict__ g,
                                 BufferPointers<T> buffers, const Step* step, const double* scale,
                                 const int* gate) {
    if (gate && *gate == 0) return;
    const Step s = *step;
    const T times = static_cast<T>(scale ? *scale : 1.0);
    for (long i = first_element(); i < n; i += element_step()) {
      T weight = w[i];
      const T gradient = g[i] * times;
      T state[N > 0 ? N : 1];
      for (int b = 0; b < N; ++b) state[b] = buffers.at[b][i];
      update_with<N>(s, weight, gradient, state);
      for (int b = 0; b < N; ++b) buffers.at[b][i] = state[b];
      w[i] = weight;
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class Step, class T>
inline void optimizer_step(const Context<Cuda>& context, std::size_t n, T* w,
                           const std::type_identity_t<T>* g, T* const* buffers, const Step* step,
                           const double* scale, const int* gate) {
  static_assert(sizeof(Step) == static_cast<std::size_t>(pointwise::detail::count_numbers(
                                    Step::numbers)) *
                                    sizeof(double));
  constexpr long threads = 256, most = 2048;  // few blocks: each thread reads the settings first
  constexpr int count = Step::buffers;
  cuda::BufferPointers<T> pointers{};
  for (int b = 0; b < count; ++b) pointers.at[b] = buffers[b];
  const long size = static_cast<long>(n);
  context.engine().launch(
      TESSERA_CUDA_KERNEL(cuda::optimizer_text, optimizer_step, (Step, T), (count)),
      {static_cast<unsigned>(std::min((size + threads - 1) / threads, most)), 1, 1},
      {threads, 1, 1}, 0, size, w, g, pointers, step, scale, gate);
}

}  // namespace tessera::kernels
