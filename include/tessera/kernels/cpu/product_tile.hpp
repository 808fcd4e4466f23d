// SPDX-License-Identifier: BSD-3-Clause
// Products of few rows for one thread: where a BLAS call costs more than its arithmetic. A tile of
// some rows and four vectors stays in registers while k runs; B is read as it lies.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>

namespace tessera::inline TESSERA_ABI::kernels::detail {

/// Rows of the largest register tile: 6 x 4 sums and 4 vectors of B fill the 32 registers of
/// AVX-512, 3 x 4 and one the 16 of everything else.
template <class T>
inline constexpr std::ptrdiff_t product_rows = sizeof(simd::Vector<T>) == 64 ? 6 : 3;
/// Columns of a tile.
template <class T>
inline constexpr std::ptrdiff_t product_columns = 4 * simd::width<T>;

/// Four whole vectors.
template <class T>
struct WholeTile {
  simd::WholeVector<T> operator[](std::ptrdiff_t) const { return {}; }
};
/// The first `count` columns of four vectors.
template <class T>
struct PartTile {
  std::ptrdiff_t count;
  simd::PartVector<T> operator[](std::ptrdiff_t v) const {
    return {std::clamp<std::ptrdiff_t>(count - v * simd::width<T>, 0, simd::width<T>)};
  }
};

/// A matrix that is read element by element: (i, p) at data + i*row + p*column.
template <class T>
struct ProductRows {
  const T* data;
  std::ptrdiff_t row, column;
};

/// product[Rows][4 vectors] = a b, with row p of b at b + p*step. Never inlined, with unrolled
/// loops: else g++ keeps part of the tile in memory.
template <int Rows, class T, class Lanes>
[[gnu::noinline]] void product_tile(std::ptrdiff_t depth, ProductRows<T> a, const T* b,
                                    std::ptrdiff_t step, Lanes lanes, T* product) {
  using Vector = simd::Vector<T>;
  Vector sum[std::size_t{Rows}][4];
#pragma GCC unroll 6
  for (int i = 0; i < Rows; ++i) sum[i][0] = sum[i][1] = sum[i][2] = sum[i][3] = Vector(T(0));
  for (std::ptrdiff_t p = 0; p < depth; ++p, a.data += a.column, b += step) {
    const Vector b0 = lanes[0].load(b), b1 = lanes[1].load(b + simd::width<T>);
    const Vector b2 = lanes[2].load(b + 2 * simd::width<T>);
    const Vector b3 = lanes[3].load(b + 3 * simd::width<T>);
#pragma GCC unroll 6
    for (int i = 0; i < Rows; ++i) {
      const Vector ai(a.data[i * a.row]);
      sum[i][0] = simd::multiply_add(ai, b0, sum[i][0]);
      sum[i][1] = simd::multiply_add(ai, b1, sum[i][1]);
      sum[i][2] = simd::multiply_add(ai, b2, sum[i][2]);
      sum[i][3] = simd::multiply_add(ai, b3, sum[i][3]);
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v, product += simd::width<T>) sum[i][v].store_aligned(product);
}

/// The tile of 1 to product_rows<T> rows.
template <class T, class Lanes>
void product_tile(std::ptrdiff_t rows, std::ptrdiff_t depth, ProductRows<T> a, const T* b,
                  std::ptrdiff_t step, Lanes lanes, T* product) {
  if (rows == 1) return product_tile<1>(depth, a, b, step, lanes, product);
  if (rows == 2) return product_tile<2>(depth, a, b, step, lanes, product);
  if constexpr (product_rows < T >> 3) {
    if (rows == 4) return product_tile<4>(depth, a, b, step, lanes, product);
    if (rows == 5) return product_tile<5>(depth, a, b, step, lanes, product);
    if (rows == 6) return product_tile<6>(depth, a, b, step, lanes, product);
  }
  product_tile<3>(depth, a, b, step, lanes, product);
}

/// Calls body(first, count) for ranges of at most `most`, of nearly equal lengths, that cover
/// [0, total).
template <class Body>
void for_each_share(std::ptrdiff_t total, std::ptrdiff_t most, const Body& body) {
  const std::ptrdiff_t parts = ceil_div(total, most);
  for (std::ptrdiff_t i = 0; i < parts; ++i) {
    const std::ptrdiff_t first = total * i / parts;
    body(first, total * (i + 1) / parts - first);
  }
}

/// C [m, n] = A B, or C += A B where `add`, on this thread. A [m, k] with any strides, B [k, n]
/// with rows ldb apart.
template <class T>
void few_rows_product(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, ProductRows<T> A,
                      const T* B, std::ptrdiff_t ldb, bool add, T* C, std::ptrdiff_t ldc) {
  alignas(64) T product[product_rows<T> * product_columns<T>];
  for (std::ptrdiff_t j = 0; j < n; j += product_columns<T>)
    for_each_share(m, product_rows<T>, [&](std::ptrdiff_t first, std::ptrdiff_t rows) {
      const std::ptrdiff_t columns = std::min(product_columns<T>, n - j);
      const ProductRows<T> a{A.data + first * A.row, A.row, A.column};
      if (columns == product_columns<T>)
        product_tile(rows, k, a, B + j, ldb, WholeTile<T>{}, product);
      else product_tile(rows, k, a, B + j, ldb, PartTile<T>{columns}, product);
      for (std::ptrdiff_t i = 0; i < rows; ++i) {
        const T* from = product + i * product_columns<T>;
        T* to = C + (first + i) * ldc + j;
        simd::for_each_vector<T>(columns, [&](auto lanes, std::ptrdiff_t c) {
          const auto sum = simd::Vector<T>::load_aligned(from + c);
          lanes.store(to + c, add ? lanes.load(to + c) + sum : sum);
        });
      }
    });
}

}  // namespace tessera::kernels::detail
