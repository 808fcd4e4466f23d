// SPDX-License-Identifier: BSD-3-Clause
// Kernels that work element by element: one text for the loop over all elements of views.
#pragma once
#include <tessera/cuda/context.hpp>
#include <tessera/cuda/views.hpp>

namespace tessera::cuda {

// clang-format off
TESSERA_CUDA_TEXT(elements_text, (&views_text),
  // The elements of this thread: first, and from one to the next.
  __device__ long first_element() {
    return static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
  }
  __device__ long element_step() { return static_cast<long>(gridDim.x) * blockDim.x; }
  // Where element e of a view lies; views that are contiguous need no division.
  template <int Contiguous, class T>
  __device__ T& element(const Span<T>& v, long e) {
    if constexpr (Contiguous) return v.data[e];
    else return v.data[e / v.channels * v.stride + e % v.channels];
  }
)
// clang-format on

/// Whether every view that has data is contiguous.
template <class... V>
constexpr bool all_contiguous(const V&... views) {
  return ((!views || views.contiguous()) && ...);
}

}  // namespace tessera::cuda
