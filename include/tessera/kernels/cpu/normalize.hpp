// SPDX-License-Identifier: BSD-3-Clause
// Normalisation by given statistics on the CPU. Images have few channels, so the loop is over
// pixels, channel by channel; chunks of pixels are spread over threads.
#pragma once
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/normalize.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void normalize_forward(const Context<Cpu>& context, const double* mean,
                              const double* deviation, std::type_identity_t<View<const T>> x,
                              View<T> y) {
  for_each_range(context, y.pixels(), 4096, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t c = 0; c < y.channels; ++c) {
      const T m = static_cast<T>(mean[c]), d = static_cast<T>(deviation[c]);
      for (std::ptrdiff_t p = first; p < last; ++p) y.pixel(p)[c] = (x.pixel(p)[c] - m) / d;
    }
  });
}

template <class T>
inline void normalize_backward(const Context<Cpu>& context, const double* deviation,
                               std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  for_each_range(context, dx.pixels(), 4096, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t c = 0; c < dx.channels; ++c) {
      const T d = static_cast<T>(deviation[c]);
      for (std::ptrdiff_t p = first; p < last; ++p) dx.pixel(p)[c] = dy.pixel(p)[c] / d;
    }
  });
}

}  // namespace tessera::kernels
