// SPDX-License-Identifier: BSD-3-Clause
// The holes as a channel, on the CPU: a pixel at a time.
#pragma once
#include <algorithm>

#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/hole_channel.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void hole_channel_forward(const Context<Cpu>& context, std::type_identity_t<View<const T>> x,
                                 ValidView valid, View<T> y) {
  for_each_range(context, x.pixels(), chunk_elements, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p) {
      const bool known = *valid.pixel(p) != 0;
      if (known) std::copy_n(x.pixel(p), x.channels, y.pixel(p));
      else std::fill_n(y.pixel(p), x.channels, T(0));
      y.pixel(p)[x.channels] = known ? T(0) : T(1);
    }
  });
}

template <class T>
inline void hole_channel_backward(const Context<Cpu>& context,
                                  std::type_identity_t<View<const T>> dy, ValidView valid,
                                  View<T> dx) {
  if (!dx) return;
  for_each_range(context, dx.pixels(), chunk_elements, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p)
      if (*valid.pixel(p)) std::copy_n(dy.pixel(p), dx.channels, dx.pixel(p));
      else std::fill_n(dx.pixel(p), dx.channels, T(0));
  });
}

}  // namespace tessera::kernels
