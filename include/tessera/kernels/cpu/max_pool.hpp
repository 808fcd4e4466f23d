// SPDX-License-Identifier: BSD-3-Clause
// Max pooling on the CPU, SIMD across channels. Forward: one task per output row. Backward: windows
// may overlap, so one task is an image and a block of channels, and works through it in order.
#pragma once
#include <algorithm>

#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/max_pool.hpp>
#include <tessera/tensor/finite_lanes.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// The larger value of one window and the position that holds it, as a number u*K + v in T.
template <class T>
struct WindowMaximum {
  simd::Vector<T> value, position;
};

/// `from` points to the window's first pixel; row = elements from one image row to the next.
template <class T, class Lanes>
WindowMaximum<T> window_maximum(Lanes lanes, const T* from, int kernel, std::ptrdiff_t stride,
                                std::ptrdiff_t row) {
  using Vector = simd::Vector<T>;
  WindowMaximum<T> best{lanes.load(from), Vector(T(0))};
  for (int u = 0; u < kernel; ++u)
    for (int v = 0; v < kernel; ++v) {
      if (u == 0 && v == 0) continue;
      const Vector x = lanes.load(from + u * row + v * stride);
      const auto larger =
          (x > best.value) | tessera::simd::is_nan(x);  // NaN wins and, once held, stays
      best.value = xsimd::select(larger, x, best.value);
      best.position = xsimd::select(larger, Vector(static_cast<T>(u * kernel + v)), best.position);
    }
  return best;
}
}  // namespace detail

template <class T>
inline void max_pool_forward(const Context<Cpu>& context, int kernel, int stride,
                             std::type_identity_t<View<const T>> x, View<T> y) {
  const std::ptrdiff_t row = x.width * x.stride;
  parallel_for(context, std::ptrdiff_t{y.batch} * y.height, [&](std::ptrdiff_t task) {
    const int n = static_cast<int>(task / y.height), a = static_cast<int>(task % y.height);
    for (int b = 0; b < y.width; ++b) {
      const T* from = x.pixel(n, a * stride, b * stride);
      T* to = y.pixel(n, a, b);
      simd::for_each_vector<T>(y.channels, [&](auto lanes, std::ptrdiff_t c) {
        lanes.store(to + c, detail::window_maximum(lanes, from + c, kernel, x.stride, row).value);
      });
    }
  });
}

template <class T>
inline void max_pool_backward(const Context<Cpu>& context, int kernel, int stride,
                              std::type_identity_t<View<const T>> x,
                              std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  using Vector = simd::Vector<T>;
  constexpr std::ptrdiff_t block = 64;  // channels per task
  const std::ptrdiff_t blocks = ceil_div(dx.channels, block);
  const std::ptrdiff_t row = x.width * x.stride, dx_row = dx.width * dx.stride;
  parallel_for(context, dx.batch * blocks, [&](std::ptrdiff_t task) {
    const int n = static_cast<int>(task / blocks);
    const std::ptrdiff_t c0 = task % blocks * block;
    const std::ptrdiff_t channels = std::min(block, dx.channels - c0);
    for (std::ptrdiff_t p = 0; p < std::ptrdiff_t{dx.height} * dx.width; ++p)
      std::fill_n(dx.pixel(n, 0, 0) + p * dx.stride + c0, channels, T(0));
    for (int a = 0; a < dy.height; ++a)
      for (int b = 0; b < dy.width; ++b) {
        const T* from = x.pixel(n, a * stride, b * stride) + c0;
        const T* gradient = dy.pixel(n, a, b) + c0;
        T* to = dx.pixel(n, a * stride, b * stride) + c0;
        simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t c) {
          const auto best = detail::window_maximum(lanes, from + c, kernel, x.stride, row);
          const Vector g = lanes.load(gradient + c), zero(T(0));
          for (int u = 0; u < kernel; ++u)
            for (int v = 0; v < kernel; ++v) {
              T* cell = to + c + u * dx_row + v * dx.stride;
              const auto here = best.position == Vector(static_cast<T>(u * kernel + v));
              lanes.store(cell, lanes.load(cell) + xsimd::select(here, g, zero));
            }
        });
      }
  });
}

}  // namespace tessera::inline TESSERA_ABI::kernels
