// SPDX-License-Identifier: BSD-3-Clause
// Permutations of the axes of a sample, and the flattening of a map in PyTorch's order.
//
//   permute     y[n, i0, i1, i2] = x[n, j0, j1, j2]  with  j_{order[k]} = i_k
//   flatten     y[n, (c H + h) W + w] = x[n, h, w, c];  unflatten is its inverse
#pragma once
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Axes of (height, width, channels), each once: axis k of y is axis axis[k] of x.
struct AxisOrder {
  int axis[3]{0, 1, 2};
  constexpr bool valid() const {
    bool seen[3]{};
    for (const int a : axis) {
      if (a < 0 || a > 2 || seen[a]) return false;
      seen[a] = true;
    }
    return true;
  }
  /// The order that undoes this one.
  constexpr AxisOrder inverse() const {
    AxisOrder back;
    for (int k = 0; k < 3; ++k) back.axis[axis[k]] = k;
    return back;
  }
  constexpr Shape operator()(const Shape& in) const {
    const int size[3]{in.height, in.width, in.channels};
    return {size[axis[0]], size[axis[1]], size[axis[2]]};
  }
};

/// y has the shape order(x's shape); any pixel strides.
template <class T>
void permute(const Context<Cpu>&, const AxisOrder& order, std::type_identity_t<View<const T>> x,
             View<T> y);
template <class T>
void permute(const Context<Cuda>&, const AxisOrder& order, std::type_identity_t<View<const T>> x,
             View<T> y);

/// x [N, H, W, C] -> y [N, 1, 1, C H W]; any pixel strides.
template <class T>
void flatten(const Context<Cpu>&, std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void flatten(const Context<Cuda>&, std::type_identity_t<View<const T>> x, View<T> y);

/// x [N, 1, 1, C H W] -> y [N, H, W, C]; any pixel strides.
template <class T>
void unflatten(const Context<Cpu>&, std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void unflatten(const Context<Cuda>&, std::type_identity_t<View<const T>> x, View<T> y);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/permute.hpp>
#endif
