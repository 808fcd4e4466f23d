// SPDX-License-Identifier: BSD-3-Clause
// The masked input of a network on the CPU.
#pragma once
#include <tessera/kernels/masked_input.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void masked_input(const Context<Cpu>&, View<const float> image, HoleView hole, View<T> x,
                         MutableValidView valid) {
  for (std::ptrdiff_t p = 0; p < x.pixels(); ++p)
    for (int c = 0; c < x.channels; ++c)
      x.pixel(p)[c] = hole.missing(p) ? T(0) : static_cast<T>(image.pixel(p)[c]);
  if (valid) valid_from_hole(hole, valid);
}

}  // namespace tessera::kernels
