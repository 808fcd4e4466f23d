// SPDX-License-Identifier: BSD-3-Clause
// Dropout [srivastava2014]: y = 0 with probability P, else x / (1 - P). Element e, counted in the
// order [N, H, W, C] whatever the pixel stride, is dropped where word e of the operation's random
// numbers is below P 2^32: word e is word e mod 4 of Philox block e div 4. The backward pass is the
// same function of dy with the same numbers, so no mask is kept.
#pragma once
#include <cstdint>
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Words below this are dropped. Of P in [0, 1).
constexpr std::uint32_t dropout_threshold(double probability) {
  return static_cast<std::uint32_t>(probability * 0x1p32);
}

/// y = x / (1 - probability) where kept, else 0 (whatever x is). x, y [N, H, W, C], any pixel
/// stride; y may be x; probability is in [0, 1).
template <class T>
void dropout(const Context<Cpu>&, double probability, const RandomBlocks&,
             std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void dropout(const Context<Cuda>&, double probability, const RandomBlocks&,
             std::type_identity_t<View<const T>> x, View<T> y);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/dropout.hpp>
#endif
