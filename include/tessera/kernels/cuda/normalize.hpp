// SPDX-License-Identifier: BSD-3-Clause
// Normalisation by given statistics on a GPU: a pixel a thread, the constants as arguments.
#pragma once
#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/normalize.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(channel_constants_text, (),
  struct ChannelConstants {
    double mean[4];
    double deviation[4];
  };
)
TESSERA_CUDA_TEXT(normalize_text, (&elements_text, &channel_constants_text),
  // y = (x - mean) / deviation
  template <class T>
  __global__ void normalize(ChannelConstants constants, Span<const T> x, Span<T> y) {
    for (long p = first_element(); p < y.pixels(); p += element_step())
      for (int c = 0; c < y.channels; ++c) {
        const T mean = static_cast<T>(constants.mean[c]);
        y.at(p, c) = (x.at(p, c) - mean) / static_cast<T>(constants.deviation[c]);
      }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// mean null = 0. Errors: ArgumentError for more than four channels
template <class T>
void normalize_by(const Context<Cuda>& context, const double* mean, const double* deviation,
                  View<const T> x, View<T> y) {
  if (y.channels > 4)
    throw ArgumentError(
        text({"normalize on a GPU: expected at most 4 channels, got ", y.channels}));
  cuda::ChannelConstants constants{};
  for (int c = 0; c < y.channels; ++c) {
    constants.mean[c] = mean ? mean[c] : 0;
    constants.deviation[c] = deviation[c];
  }
  cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::normalize_text, normalize, (T), ()),
                    y.pixels(), constants, cuda::span_of(x), cuda::span_of(y));
}
}  // namespace detail

template <class T>
inline void normalize_forward(const Context<Cuda>& context, const double* mean,
                              const double* deviation, std::type_identity_t<View<const T>> x,
                              View<T> y) {
  detail::normalize_by<T>(context, mean, deviation, x, y);
}

template <class T>
inline void normalize_backward(const Context<Cuda>& context, const double* deviation,
                               std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (dx) detail::normalize_by<T>(context, nullptr, deviation, dy, dx);
}

}  // namespace tessera::kernels
