// SPDX-License-Identifier: BSD-3-Clause
// Average pooling on the CPU, SIMD across channels; one task per row, of y forward and of dx
// backward. Backward gathers: an input pixel reads the windows that hold it, so no two tasks write
// one row.
#pragma once
#include <algorithm>

#include <tessera/kernels/avg_pool.hpp>
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void avg_pool_forward(const Context<Cpu>& context, int kernel, int stride,
                             std::type_identity_t<View<const T>> x, View<T> y) {
  using Vector = simd::Vector<T>;
  const std::ptrdiff_t row = x.width * x.stride;
  const Vector share(T(1) / static_cast<T>(kernel * kernel));
  parallel_for(context, std::ptrdiff_t{y.batch} * y.height, [&](std::ptrdiff_t task) {
    const int n = static_cast<int>(task / y.height), a = static_cast<int>(task % y.height);
    for (int b = 0; b < y.width; ++b) {
      const T* from = x.pixel(n, a * stride, b * stride);
      T* to = y.pixel(n, a, b);
      simd::for_each_vector<T>(y.channels, [&](auto lanes, std::ptrdiff_t c) {
        Vector sum(T(0));
        for (int u = 0; u < kernel; ++u)
          for (int v = 0; v < kernel; ++v) sum += lanes.load(from + u * row + v * x.stride + c);
        lanes.store(to + c, sum * share);
      });
    }
  });
}

namespace detail {
/// Windows [first, last) of `count` that hold position h.
struct WindowsOver {
  int first, last;
  WindowsOver(int h, int kernel, int stride, int count)
      : first(h < kernel ? 0 : (h - kernel) / stride + 1), last(std::min(h / stride + 1, count)) {}
};
}  // namespace detail

template <class T>
inline void avg_pool_backward(const Context<Cpu>& context, int kernel, int stride,
                              std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  using Vector = simd::Vector<T>;
  const Vector share(T(1) / static_cast<T>(kernel * kernel));
  parallel_for(context, std::ptrdiff_t{dx.batch} * dx.height, [&](std::ptrdiff_t task) {
    const int n = static_cast<int>(task / dx.height), h = static_cast<int>(task % dx.height);
    const detail::WindowsOver rows(h, kernel, stride, dy.height);
    for (int w = 0; w < dx.width; ++w) {
      const detail::WindowsOver columns(w, kernel, stride, dy.width);
      T* to = dx.pixel(n, h, w);
      simd::for_each_vector<T>(dx.channels, [&](auto lanes, std::ptrdiff_t c) {
        Vector sum(T(0));
        for (int a = rows.first; a < rows.last; ++a)
          for (int b = columns.first; b < columns.last; ++b)
            sum += lanes.load(dy.pixel(n, a, b) + c);
        lanes.store(to + c, sum * share);
      });
    }
  });
}

}  // namespace tessera::kernels
