// SPDX-License-Identifier: BSD-3-Clause
// Bilinear resizing, pixel centres at (a + 0.5), edges clamped, no antialiasing: PyTorch's
// interpolate with align_corners = false. Along each axis, from i positions to n:
//
//   s = max((a + 0.5) i / n - 0.5, 0),   t = floor(s),   f = s - t
//   y[a] = (1 - f) x[t] + f x[min(t + 1, i - 1)]
//
// and dx is the transpose of that map, exactly.
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// x [N, H, W, C] -> y [N, H', W', C], all sizes at least 1; any pixel strides.
template <class T>
void resize_bilinear_forward(const Context<Cpu>&, std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void resize_bilinear_forward(const Context<Cuda>&, std::type_identity_t<View<const T>> x, View<T> y);

/// dx [N, H, W, C] assigned from dy [N, H', W', C]; an empty dx is not wanted. dx does not overlap
/// dy.
template <class T>
void resize_bilinear_backward(const Context<Cpu>&, std::type_identity_t<View<const T>> dy,
                              View<T> dx);
template <class T>
void resize_bilinear_backward(const Context<Cuda>&, std::type_identity_t<View<const T>> dy,
                              View<T> dx);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/resize_bilinear.hpp>
#endif
