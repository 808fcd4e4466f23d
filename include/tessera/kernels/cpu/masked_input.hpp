// SPDX-License-Identifier: BSD-3-Clause
// The masked input of a network on the CPU.
#pragma once
#include <algorithm>

#include <tessera/kernels/masked_input.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void masked_input(const Context<Cpu>&, View<const float> image, const std::uint8_t* hole,
                         View<T> x, MutableMaskView valid) {
  for (std::ptrdiff_t p = 0; p < x.pixels(); ++p)
    for (int c = 0; c < x.channels; ++c)
      x.pixel(p)[c] = hole && hole[p] ? T(0) : static_cast<T>(image.pixel(p)[c]);
  if (!valid) return;
  for (std::ptrdiff_t p = 0; p < valid.pixels(); ++p)
    std::fill_n(valid.pixel(p), valid.groups.count, std::uint8_t(!(hole && hole[p])));
}

}  // namespace tessera::kernels
