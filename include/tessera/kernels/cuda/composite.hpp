// SPDX-License-Identifier: BSD-3-Clause
// Composites on a GPU, one element a thread.
#pragma once
#include <cstdint>
#include <type_traits>

#include <tessera/kernels/composite.hpp>
#include <tessera/kernels/cuda/rows.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(composite_text, (&rows_text),
  template <class T>
  __global__ void composite(Span<const T> y, Span<const T> truth, const unsigned char* hole,
                            Span<T> z) {
    for (int e = first_in_row(); e < z.width * z.channels; e += step_in_row()) {
      const RowElement at = row_element(e, z.height, z.channels);
      const long p = z.pixel(at.n, at.h, at.w);
      z.at(p, at.c) = hole[p] != 0 ? y.at(p, at.c) : truth.at(p, at.c);
    }
  }
  template <class T>
  __global__ void composite_backward(Span<const T> dz, const unsigned char* hole, Span<T> dy) {
    for (int e = first_in_row(); e < dy.width * dy.channels; e += step_in_row()) {
      const RowElement at = row_element(e, dy.height, dy.channels);
      const long p = dy.pixel(at.n, at.h, at.w);
      if (hole[p] != 0) dy.at(p, at.c) += dz.at(p, at.c);
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void composite(const Context<Cuda>& context, std::type_identity_t<View<const T>> y,
                      std::type_identity_t<View<const T>> truth, HoleView hole, View<T> z) {
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::composite_text, composite, (T), ()), z,
                    cuda::span_of(y), cuda::span_of(truth), hole.data, cuda::span_of(z));
}

template <class T>
inline void composite_backward(const Context<Cuda>& context, std::type_identity_t<View<const T>> dz,
                               HoleView hole, View<T> dy) {
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::composite_text, composite_backward, (T), ()),
                    dy, cuda::span_of(dz), hole.data, cuda::span_of(dy));
}

}  // namespace tessera::kernels
