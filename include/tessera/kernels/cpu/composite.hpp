// SPDX-License-Identifier: BSD-3-Clause
// Composites on the CPU, pixel by pixel.
#pragma once
#include <algorithm>

#include <tessera/kernels/composite.hpp>
#include <tessera/kernels/cpu/rows.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void composite(const Context<Cpu>& context, std::type_identity_t<View<const T>> y,
                      std::type_identity_t<View<const T>> truth, HoleView hole, View<T> z) {
  const std::ptrdiff_t step = ceil_div(chunk_elements, std::max(1, z.channels));
  for_each_range(context, z.pixels(), step, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p)
      std::copy_n(hole.missing(p) ? y.pixel(p) : truth.pixel(p), z.channels, z.pixel(p));
  });
}

template <class T>
inline void composite_backward(const Context<Cpu>& context, std::type_identity_t<View<const T>> dz,
                               HoleView hole, View<T> dy) {
  const std::ptrdiff_t step = ceil_div(chunk_elements, std::max(1, dy.channels));
  for_each_range(context, dy.pixels(), step, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p) {
      if (!hole.missing(p)) continue;
      for (int c = 0; c < dy.channels; ++c) dy.pixel(p)[c] += dz.pixel(p)[c];
    }
  });
}

}  // namespace tessera::kernels
