// SPDX-License-Identifier: BSD-3-Clause
// The masked input of a network on a GPU.
#pragma once
#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/masked_input.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(masked_input_text, (&elements_text),
  template <class T>
  __global__ void masked_input(Span<const float> image, const unsigned char* hole, Span<T> x,
                               Mask valid) {
    for (long e = first_element(); e < x.size(); e += element_step()) {
      const ElementPlace at = element_place(e, x.channels);
      const bool missing = hole && hole[at.p];
      x.at(at.p, at.c) = missing ? T(0) : static_cast<T>(image.at(at.p, at.c));
      if (at.c != 0 || !valid.data) continue;
      for (int g = 0; g < valid.groups; ++g) valid.data[at.p * valid.groups + g] = !missing;
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void masked_input(const Context<Cuda>& context, View<const float> image, HoleView hole,
                         View<T> x, MutableValidView valid) {
  cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::masked_input_text, masked_input, (T), ()),
                    x.size(), cuda::span_of(image), hole.data, cuda::span_of(x),
                    cuda::mask_of(valid));
}

}  // namespace tessera::kernels
