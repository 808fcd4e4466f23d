// SPDX-License-Identifier: BSD-3-Clause
// Kernels that work element by element: one text for the loop over all elements of views.
#pragma once
#include <type_traits>

#include <tessera/cuda/context.hpp>
#include <tessera/cuda/views.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(elements_text, (&views_text),
  // The elements of this thread: first, and from one to the next.
  __device__ long first_element() {
    return static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x;
  }
  __device__ long element_step() { return static_cast<long>(gridDim.x) * blockDim.x; }
  // a / b for a >= 0; 32 bits, where they suffice, are several times as fast.
  __device__ long quotient(long a, int b) {
    return a < 4294967296L ? static_cast<unsigned>(a) / static_cast<unsigned>(b) : a / b;
  }
  // Pixel and channel of element e.
  struct ElementPlace { long p; int c; };
  __device__ ElementPlace element_place(long e, int channels) {
    const long p = quotient(e, channels);
    return {p, static_cast<int>(e - p * channels)};
  }
  // Where element e of a view lies; views that are contiguous need no division.
  template <int Contiguous, class T>
  __device__ T& element(const Span<T>& v, long e) {
    if constexpr (Contiguous) {
      return v.data[e];
    } else {
      const ElementPlace at = element_place(e, v.channels);
      return v.at(at.p, at.c);
    }
  }
)
// clang-format on

/// Calls launch with 1 where every view that has data is contiguous, else with 0: as a type, whose
/// value can be a kernel's template parameter.
template <class Launch, class... V>
void with_contiguous(const Launch& launch, const V&... views) {
  if (((!views || views.contiguous()) && ...)) launch(std::integral_constant<int, 1>{});
  else launch(std::integral_constant<int, 0>{});
}

}  // namespace tessera::cuda
