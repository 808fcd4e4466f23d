// SPDX-License-Identifier: BSD-3-Clause
// Linear maps on the CPU: matrix products where there are many pixels; where there are few, inner
// products along the rows of the weight and sums of its rows, one task a fixed share of them.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>

#include <tessera/kernels/cpu/column_sums.hpp>
#include <tessera/kernels/cpu/gemm.hpp>
#include <tessera/kernels/cpu/product_tile.hpp>
#include <tessera/kernels/linear.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// product[Rows][4] = x W^T for Rows rows of x and four of W, `depth` long.
template <int Rows, class T>
[[gnu::noinline]] void inner_products(std::ptrdiff_t depth, const T* x, std::ptrdiff_t ldx,
                                      const T* const (&w)[4], T* product) {
  using Vector = simd::Vector<T>;
  Vector sum[std::size_t{Rows}][4];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) sum[r][0] = sum[r][1] = sum[r][2] = sum[r][3] = Vector(T(0));
  const auto step = [&](auto lanes, std::ptrdiff_t i) {
    const Vector w0 = lanes.load(w[0] + i), w1 = lanes.load(w[1] + i);
    const Vector w2 = lanes.load(w[2] + i), w3 = lanes.load(w[3] + i);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const Vector xr = lanes.load(x + r * ldx + i);
      sum[r][0] = simd::multiply_add(xr, w0, sum[r][0]);
      sum[r][1] = simd::multiply_add(xr, w1, sum[r][1]);
      sum[r][2] = simd::multiply_add(xr, w2, sum[r][2]);
      sum[r][3] = simd::multiply_add(xr, w3, sum[r][3]);
    }
  };
  simd::for_each_vector<T>(depth, step);
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r)
    for (int o = 0; o < 4; ++o) *product++ = xsimd::hadd(sum[r][o]);
}
template <class T>
void inner_products(std::ptrdiff_t rows, std::ptrdiff_t depth, const T* x, std::ptrdiff_t ldx,
                    const T* const (&w)[4], T* product) {
  if (rows == 1) return inner_products<1>(depth, x, ldx, w, product);
  if (rows == 2) return inner_products<2>(depth, x, ldx, w, product);
  if constexpr (product_rows < T >> 3) {
    if (rows == 4) return inner_products<4>(depth, x, ldx, w, product);
    if (rows == 5) return inner_products<5>(depth, x, ldx, w, product);
    if (rows == 6) return inner_products<6>(depth, x, ldx, w, product);
  }
  inner_products<3>(depth, x, ldx, w, product);
}

/// Outputs [first, last) of a linear map of few pixels. Beyond the last output the last row of the
/// weight is read again and its product dropped.
template <class T>
void few_rows_linear(std::ptrdiff_t first, std::ptrdiff_t last, const View<const T>& x,
                     const T* weight, const T* bias, const View<T>& y) {
  T product[product_rows<T> * 4];
  const std::ptrdiff_t depth = x.channels;
  for (std::ptrdiff_t o = first; o < last; o += 4) {
    const auto row = [&](std::ptrdiff_t k) { return weight + std::min(o + k, last - 1) * depth; };
    const T* const w[4]{row(0), row(1), row(2), row(3)};
    for_each_share(x.pixels(), product_rows<T>, [&](std::ptrdiff_t p, std::ptrdiff_t rows) {
      inner_products(rows, depth, x.pixel(p), x.stride, w, product);
      for (std::ptrdiff_t r = 0; r < rows; ++r)
        for (std::ptrdiff_t k = 0; k < std::min<std::ptrdiff_t>(4, last - o); ++k)
          y.pixel(p + r)[o + k] = product[4 * r + k] + (bias ? bias[o + k] : T(0));
    });
  }
}
}  // namespace detail

template <class T>
inline void linear_forward(const Context<Cpu>& context, std::type_identity_t<View<const T>> x,
                           const T* weight, const std::type_identity_t<T>* bias, View<T> y) {
  const std::ptrdiff_t rows = x.pixels(), in = x.channels, out = y.channels;
  if (rows <= linear_few_rows) {
    for_each_range(context, out, 16, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
      detail::few_rows_linear<T>(first, last, x, weight, bias, y);
    });
    return;
  }
  if (bias)
    for_each_range(context, rows, std::max<std::ptrdiff_t>(chunk_elements / out, 1),
                   [&](std::ptrdiff_t p, std::ptrdiff_t last) {
                     for (; p < last; ++p) std::copy_n(bias, out, y.pixel(p));
                   });
  gemm<T>(context, Transpose::no, Transpose::yes, rows, out, in, T(1), x.data, x.stride, weight, in,
          T(bias != nullptr), y.data, y.stride);
}

template <class T>
inline void linear_backward_input(const Context<Cpu>& context,
                                  std::type_identity_t<View<const T>> dy, const T* weight,
                                  View<T> dx) {
  const std::ptrdiff_t rows = dy.pixels(), in = dx.channels, out = dy.channels;
  if (rows > linear_few_rows)
    return gemm<T>(context, Transpose::no, Transpose::no, rows, in, out, T(1), dy.data, dy.stride,
                   weight, in, T(0), dx.data, dx.stride);
  for_each_range(context, in, 256, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    detail::few_rows_product<T>(rows, last - first, out, {dy.data, dy.stride, 1}, weight + first,
                                in, false, dx.data + first, dx.stride);
  });
}

template <class T>
inline void linear_backward_weight(const Context<Cpu>& context,
                                   std::type_identity_t<View<const T>> x,
                                   std::type_identity_t<View<const T>> dy, T* dweight) {
  gemm<T>(context, Transpose::yes, Transpose::no, dy.channels, x.channels, x.pixels(), T(1),
          dy.data, dy.stride, x.data, x.stride, T(1), dweight, x.channels);
}

template <class T>
inline void bias_gradient(const Context<Cpu>& context, View<const T> dy,
                          std::type_identity_t<T>* first, std::type_identity_t<T>* second) {
  if (!first && !second) return;
  for_each_range(context, dy.channels, column_block, [&](std::ptrdiff_t c0, std::ptrdiff_t end) {
    constexpr std::ptrdiff_t chunk = 256;  // pixels summed in T
    double total[column_block] = {};
    for (std::ptrdiff_t p = 0; p < dy.pixels(); p += chunk) {
      ColumnSums<T, 1> sums;
      column_sums<T, 1>(p, std::min(p + chunk, dy.pixels()), end - c0, sums,
                        [&](auto lanes, std::ptrdiff_t row, std::ptrdiff_t c) {
                          return std::array{lanes.load(dy.pixel(row) + c0 + c)};
                        });
      for (std::ptrdiff_t c = 0; c < end - c0; ++c)
        total[c] += double{sums[0][static_cast<std::size_t>(c)]};
    }
    for (std::ptrdiff_t c = c0; c < end; ++c) {
      if (first) first[c] += static_cast<T>(total[c - c0]);
      if (second) second[c] += static_cast<T>(total[c - c0]);
    }
  });
}

}  // namespace tessera::kernels
