// SPDX-License-Identifier: BSD-3-Clause
// Nearest-neighbour upsampling by an integer factor F, features and mask planes.
//
//   y[n, a, b, c] = x[n, floor(a/F), floor(b/F), c]      dx[n, i, j, c] = sum of dy over the F x F
//   block of (i, j)
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// x [N, H, W, C] -> y [N, F*H, F*W, C]; any pixel strides.
template <class T>
void upsample_forward(const Context<Cpu>&, int factor, std::type_identity_t<View<const T>> x,
                      View<T> y);
template <class T>
void upsample_forward(const Context<Cuda>&, int factor, std::type_identity_t<View<const T>> x,
                      View<T> y);

/// dy [N, F*H, F*W, C] -> dx [N, H, W, C], assigned; an empty dx is not wanted.
template <class T>
void upsample_backward(const Context<Cpu>&, int factor, std::type_identity_t<View<const T>> dy,
                       View<T> dx);
template <class T>
void upsample_backward(const Context<Cuda>&, int factor, std::type_identity_t<View<const T>> dy,
                       View<T> dx);

/// x [N, H, W, G] -> y [N, F*H, F*W, G].
void upsample_mask(const Context<Cpu>&, int factor, ValidView x, MutableValidView y);
void upsample_mask(const Context<Cuda>&, int factor, ValidView x, MutableValidView y);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/upsample.hpp>
#endif
