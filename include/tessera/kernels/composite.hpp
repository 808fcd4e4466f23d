// SPDX-License-Identifier: BSD-3-Clause
// The composite of a network's output and the known pixels: what losses on filled images look at.
//
//   z = y in the hole, t elsewhere;   dy += dz in the hole
//
// Pixels are selected, not multiplied by 0: NaN in what is not selected changes nothing.
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// z = hole ? y : truth. All [N, H, W, C], any pixel stride; hole [N, H, W].
template <class T>
void composite(const Context<Cpu>&, std::type_identity_t<View<const T>> y,
               std::type_identity_t<View<const T>> truth, HoleView hole, View<T> z);
template <class T>
void composite(const Context<Cuda>&, std::type_identity_t<View<const T>> y,
               std::type_identity_t<View<const T>> truth, HoleView hole, View<T> z);

/// dy += dz in the hole.
template <class T>
void composite_backward(const Context<Cpu>&, std::type_identity_t<View<const T>> dz, HoleView hole,
                        View<T> dy);
template <class T>
void composite_backward(const Context<Cuda>&, std::type_identity_t<View<const T>> dz, HoleView hole,
                        View<T> dy);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/composite.hpp>
#endif
