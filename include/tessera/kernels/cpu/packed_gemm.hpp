// SPDX-License-Identifier: BSD-3-Clause
// The library's own matrix product for one thread: op(A) is packed into slivers of a few rows,
// op(B) into panels of two vectors, and a tile of C stays in registers while k runs [goto2008].
// Used where the installed BLAS does not know this processor; see kernels/cpu/gemm.hpp.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/transpose.hpp>
#include <tessera/tensor/buffer.hpp>

namespace tessera::inline TESSERA_ABI::kernels::detail {

/// A matrix as it is read: element (i, j) of op(X) at data + i*row + j*column.
template <class T>
struct GemmOperand {
  const T* data;
  std::ptrdiff_t row, column;
  GemmOperand(const T* p, std::ptrdiff_t ld, Transpose t)
      : data(p), row(t == Transpose::no ? ld : 1), column(t == Transpose::no ? 1 : ld) {}
  const T* at(std::ptrdiff_t i, std::ptrdiff_t j) const { return data + i * row + j * column; }
};

/// Sizes of the register tile and of the packed buffers. 12 x 2 accumulators fill the 32 registers
/// of AVX-512, 6 x 2 the 16 of everything else.
template <class T>
struct GemmTile {
  static constexpr std::ptrdiff_t rows = sizeof(simd::Vector<T>) == 64 ? 12 : 6;
  static constexpr std::ptrdiff_t columns = 2 * simd::width<T>;
  static constexpr std::ptrdiff_t block_rows = 192, block_k = 192;  // packed A: at most 288 KiB
};

/// to[s][p][i] = op(X)(s*size + i, p) for `rows` rows and `depth` columns, the last sliver filled
/// up with zeros; size is the number of rows in a sliver.
template <std::ptrdiff_t Size, class T>
void pack_slivers(const GemmOperand<T>& x, std::ptrdiff_t rows, std::ptrdiff_t depth, T* to) {
  for (std::ptrdiff_t first = 0; first < rows; first += Size, to += Size * depth) {
    const std::ptrdiff_t count = std::min(Size, rows - first);
    if (count < Size) std::fill_n(to, Size * depth, T(0));
    const T* from = x.at(first, 0);
    if (x.row == 1 && count == Size)  // a constant length becomes vector moves
      for (std::ptrdiff_t p = 0; p < depth; ++p)
        std::copy_n(from + p * x.column, Size, to + p * Size);
    else
      for (std::ptrdiff_t i = 0; i < count; ++i)
        for (std::ptrdiff_t p = 0; p < depth; ++p)
          to[p * Size + i] = from[i * x.row + p * x.column];
  }
}

/// product[rows][columns] = a b from a sliver a[depth][rows] and a panel b[depth][columns]. A
/// function of its own, never inlined, with unrolled loops: else g++ keeps part of the tile in
/// memory.
template <class T>
[[gnu::noinline]] void gemm_tile(std::ptrdiff_t depth, const T* a, const T* b, T* product) {
  using Tile = GemmTile<T>;
  using Vector = simd::Vector<T>;
  Vector sum[Tile::rows][2];
#pragma GCC unroll 12
  for (std::ptrdiff_t i = 0; i < Tile::rows; ++i) sum[i][0] = sum[i][1] = Vector(T(0));
  for (std::ptrdiff_t p = 0; p < depth; ++p, a += Tile::rows, b += Tile::columns) {
    const Vector b0 = Vector::load_aligned(b), b1 = Vector::load_aligned(b + simd::width<T>);
#pragma GCC unroll 12
    for (std::ptrdiff_t i = 0; i < Tile::rows; ++i) {
      const Vector ai(a[i]);
      sum[i][0] = simd::multiply_add(ai, b0, sum[i][0]);
      sum[i][1] = simd::multiply_add(ai, b1, sum[i][1]);
    }
  }
#pragma GCC unroll 12
  for (std::ptrdiff_t i = 0; i < Tile::rows; ++i, product += Tile::columns) {
    sum[i][0].store_aligned(product);
    sum[i][1].store_aligned(product + simd::width<T>);
  }
}

/// C (rows x columns of one tile) = alpha * product + beta * C.
template <class T>
void merge_tile(std::ptrdiff_t rows, std::ptrdiff_t columns, T alpha, const T* product, T beta,
                T* c, std::ptrdiff_t ldc) {
  using Vector = simd::Vector<T>;
  for (std::ptrdiff_t i = 0; i < rows; ++i, product += GemmTile<T>::columns, c += ldc)
    simd::for_each_vector<T>(columns, [&](auto lanes, std::ptrdiff_t j) {
      Vector value = Vector(alpha) * Vector::load_aligned(product + j);
      if (beta != T(0)) value = simd::multiply_add(Vector(beta), lanes.load(c + j), value);
      lanes.store(c + j, value);
    });
}

/// A thread's memory for packed_gemm, up to 330 KiB: too much for the stacks of threads that other
/// programs make. Made by the thread's first product and kept until it ends, so that a step does
/// not allocate again and again.
template <class T>
struct GemmBuffers {
  using Tile = GemmTile<T>;
  Buffer<T> slivers{static_cast<std::size_t>(Tile::block_rows * Tile::block_k)};
  Buffer<T> panel{static_cast<std::size_t>(Tile::columns * Tile::block_k)};

  static GemmBuffers& of_this_thread() {
    thread_local GemmBuffers buffers;
    return buffers;
  }
};

/// C [m, n] = alpha * A B + beta * C for one thread.
template <class T>
void packed_gemm(std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, T alpha,
                 const GemmOperand<T>& A, const GemmOperand<T>& B, T beta, T* C,
                 std::ptrdiff_t ldc) {
  using Tile = GemmTile<T>;
  GemmBuffers<T>& buffers = GemmBuffers<T>::of_this_thread();
  T* const slivers = buffers.slivers.data();  // [m / rows, k, rows]
  T* const panel = buffers.panel.data();      // [k, columns]
  alignas(64) T product[Tile::rows * Tile::columns];
  for (std::ptrdiff_t p = 0; p < k; p += Tile::block_k) {
    const std::ptrdiff_t depth = std::min(Tile::block_k, k - p);
    const T keep = p == 0 ? beta : T(1);
    for (std::ptrdiff_t i0 = 0; i0 < m; i0 += Tile::block_rows) {
      const std::ptrdiff_t rows = std::min(Tile::block_rows, m - i0);
      GemmOperand<T> a = A, b = B;
      a.data = A.at(i0, p);
      pack_slivers<Tile::rows>(a, rows, depth, slivers);
      for (std::ptrdiff_t j = 0; j < n; j += Tile::columns) {
        const std::ptrdiff_t columns = std::min(Tile::columns, n - j);
        b.data = B.at(p, j);
        std::swap(b.row, b.column);  // a panel is a sliver of the transposed matrix
        pack_slivers<Tile::columns>(b, columns, depth, panel);
        std::swap(b.row, b.column);
        for (std::ptrdiff_t i = 0; i < rows; i += Tile::rows) {
          gemm_tile(depth, slivers + i * depth, panel, product);
          merge_tile(std::min(Tile::rows, rows - i), columns, alpha, product, keep,
                     C + (i0 + i) * ldc + j, ldc);
        }
      }
    }
  }
}

}  // namespace tessera::kernels::detail
