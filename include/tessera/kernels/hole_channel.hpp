// SPDX-License-Identifier: BSD-3-Clause
// A masked stream as a plain one: the features with 0 in the holes, and the holes as a last channel
// of 0 and 1. Selected, not multiplied: whatever lies in a hole, NaN included, is not read.
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// y = [valid ? x : 0, valid ? 0 : 1]. x [N, H, W, C], valid [N, H, W, 1], y [N, H, W, C + 1], any
/// pixel strides.
template <class T>
void hole_channel_forward(const Context<Cpu>&, std::type_identity_t<View<const T>> x,
                          ValidView valid, View<T> y);
template <class T>
void hole_channel_forward(const Context<Cuda>&, std::type_identity_t<View<const T>> x,
                          ValidView valid, View<T> y);

/// dx = valid ? dy : 0, without the last channel of dy; an empty dx is not wanted.
template <class T>
void hole_channel_backward(const Context<Cpu>&, std::type_identity_t<View<const T>> dy,
                           ValidView valid, View<T> dx);
template <class T>
void hole_channel_backward(const Context<Cuda>&, std::type_identity_t<View<const T>> dy,
                           ValidView valid, View<T> dx);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/hole_channel.hpp>
#endif
