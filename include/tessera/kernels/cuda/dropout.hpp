// SPDX-License-Identifier: BSD-3-Clause
// Dropout on a GPU: a lane makes the random block of four elements and keeps a bit of each; lanes
// then exchange the bits, so that a warp reads and writes 32 elements side by side.
#pragma once
#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/dropout.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(dropout_text, (&elements_text),
  template <class T, int Contiguous>
  __global__ void dropout(Span<const T> x, Span<T> y, unsigned threshold, T scale,
                          unsigned long key, unsigned long stream,
                          const unsigned long* device_stream) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    if (device_stream) stream += *device_stream;
    // A warp does 128 elements at a time.
    for (long first = (first_element() - lane) * 4; first < y.size(); first += element_step() * 4) {
      unsigned words[4];
      philox4(key, stream, static_cast<unsigned long>(first / 4 + lane), words);
      unsigned kept = 0;
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < 4; ++k) kept |= (words[k] < threshold ? 0u : 1u) << k;
      T v[4];
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < 4; ++k) {
        const long e = first + 32 * k + lane;
        const unsigned bits = shuffle(kept, 8 * k + lane / 4);
        const bool read = e < y.size() && (bits >> lane % 4 & 1u);
        v[k] = read ? element<Contiguous>(x, e) * scale : T(0);
      }
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < 4; ++k) {
        const long e = first + 32 * k + lane;
        if (e < y.size()) element<Contiguous>(y, e) = v[k];
      }
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void dropout(const Context<Cuda>& context, double probability, const RandomBlocks& random,
                    std::type_identity_t<View<const T>> x, View<T> y) {
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::dropout_text, dropout, (T), (contiguous)),
                      (y.size() + 3) / 4, cuda::span_of(x), cuda::span_of(y),
                      dropout_threshold(probability), static_cast<T>(1 / (1 - probability)),
                      random.key, random.stream, random.device_stream);
  };
  cuda::with_contiguous(launch, x, y);
}

}  // namespace tessera::kernels
