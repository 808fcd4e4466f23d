// SPDX-License-Identifier: BSD-3-Clause
// What a network with a masked input is given: the image with 0 in the holes, and which pixels are
// valid. Selected, not multiplied: whatever lies in a hole, NaN included, is not read.
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// x = hole ? 0 : image; valid = not hole, unless it is empty. image, x [N, H, W, C], any pixel
/// stride; hole [N, H, W], may be empty; valid [N, H, W, G].
template <class T>
void masked_input(const Context<Cpu>&, View<const float> image, HoleView hole, View<T> x,
                  MutableValidView valid);
template <class T>
void masked_input(const Context<Cuda>&, View<const float> image, HoleView hole, View<T> x,
                  MutableValidView valid);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/masked_input.hpp>
#endif
