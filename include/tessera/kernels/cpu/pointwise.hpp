// SPDX-License-Identifier: BSD-3-Clause
// Pointwise operations on the CPU: the functor on SIMD vectors, row by row.
#pragma once
#include <type_traits>

#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/library/texts.hpp>
#include <tessera/kernels/pointwise.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class F, class T>
inline void pointwise_forward(const Context<Cpu>& context, const F& f,
                              std::type_identity_t<View<const T>> x, View<T> y) {
#ifdef TESSERA_COMPILED
  if constexpr (library::function_number<F> >= 0)
    return library::pointwise_forward(library::function_number<F>, context, x, y);
#endif
  for_each_row(
      context,
      [&f](std::ptrdiff_t count, T* yr, const T* xr) {
        simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
          lanes.store(yr + i, f.forward(lanes.load(xr + i)));
        });
      },
      y, x);
}

template <class F, class T>
inline void pointwise_backward(const Context<Cpu>& context, const F& f,
                               std::type_identity_t<View<const T>> x,
                               std::type_identity_t<View<const T>> y,
                               std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
#ifdef TESSERA_COMPILED
  if constexpr (library::function_number<F> >= 0)
    return library::pointwise_backward(library::function_number<F>, context, x, y, dy, dx);
#endif
  for_each_row(
      context,
      [&f](std::ptrdiff_t count, T* dxr, const T* dyr, const T* xr, const T* yr) {
        simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
          simd::Vector<T> xv(T(0)), yv(T(0));
          if constexpr (pointwise::needs_x<F>()) xv = lanes.load(xr + i);
          if constexpr (pointwise::needs_y<F>()) yv = lanes.load(yr + i);
          lanes.store(dxr + i, lanes.load(dyr + i) * f.derivative(xv, yv));
        });
      },
      dx, dy, pointwise::needs_x<F>() ? x : View<const T>{},
      pointwise::needs_y<F>() ? y : View<const T>{});
}

}  // namespace tessera::kernels
