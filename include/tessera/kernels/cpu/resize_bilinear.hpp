// SPDX-License-Identifier: BSD-3-Clause
// Bilinear resizing on the CPU, SIMD across channels; one task per row, of y forward and of dx
// backward. Backward gathers from the few output positions that may read an input position, and
// takes their weights from the forward's rule, so the two are transposes to the last bit.
#pragma once
#include <algorithm>
#include <cmath>

#include <tessera/kernels/cpu/bilinear_axis.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/resize_bilinear.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void resize_bilinear_forward(const Context<Cpu>& context,
                                    std::type_identity_t<View<const T>> x, View<T> y) {
  using Vector = simd::Vector<T>;
  const detail::BilinearAxis rows{x.height, y.height}, columns{x.width, y.width};
  parallel_for(context, std::ptrdiff_t{y.batch} * y.height, [&](std::ptrdiff_t task) {
    const int n = static_cast<int>(task / y.height), a = static_cast<int>(task % y.height);
    const auto row = rows.taps(a);
    for (int b = 0; b < y.width; ++b) {
      const auto column = columns.taps(b);
      const T* const x00 = x.pixel(n, row.low, column.low);
      const T* const x01 = x.pixel(n, row.low, column.high);
      const T* const x10 = x.pixel(n, row.high, column.low);
      const T* const x11 = x.pixel(n, row.high, column.high);
      T* const to = y.pixel(n, a, b);
      const Vector w00(static_cast<T>((1 - row.share) * (1 - column.share)));
      const Vector w01(static_cast<T>((1 - row.share) * column.share));
      const Vector w10(static_cast<T>(row.share * (1 - column.share)));
      const Vector w11(static_cast<T>(row.share * column.share));
      simd::for_each_vector<T>(y.channels, [&](auto lanes, std::ptrdiff_t c) {
        const Vector above = lanes.load(x00 + c) * w00 + lanes.load(x01 + c) * w01;
        const Vector below = lanes.load(x10 + c) * w10 + lanes.load(x11 + c) * w11;
        lanes.store(to + c, above + below);
      });
    }
  });
}

template <class T>
inline void resize_bilinear_backward(const Context<Cpu>& context,
                                     std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  using Vector = simd::Vector<T>;
  const detail::BilinearAxis rows{dx.height, dy.height}, columns{dx.width, dy.width};
  parallel_for(context, std::ptrdiff_t{dx.batch} * dx.height, [&](std::ptrdiff_t task) {
    const int n = static_cast<int>(task / dx.height), i = static_cast<int>(task % dx.height);
    for (int j = 0; j < dx.width; ++j) {
      T* const to = dx.pixel(n, i, j);
      simd::for_each_vector<T>(
          dx.channels, [&](auto lanes, std::ptrdiff_t c) { lanes.store(to + c, Vector(T(0))); });
      for (int a = rows.first(i); a < rows.last(i); ++a) {
        const double of_row = rows.taps(a).weight(i);
        if (of_row == 0) continue;
        for (int b = columns.first(j); b < columns.last(j); ++b) {
          const double weight = of_row * columns.taps(b).weight(j);
          if (weight == 0) continue;
          const T* const from = dy.pixel(n, a, b);
          const Vector w(static_cast<T>(weight));
          simd::for_each_vector<T>(dx.channels, [&](auto lanes, std::ptrdiff_t c) {
            lanes.store(to + c, lanes.load(to + c) + lanes.load(from + c) * w);
          });
        }
      }
    }
  });
}

}  // namespace tessera::kernels
