// SPDX-License-Identifier: BSD-3-Clause
// Winograd's minimal filtering F(2x2, 3x3) [lavin2016]: a 3x3 convolution of stride 1 as sixteen
// matrix products of 4 products an output pixel instead of 9. Per tile of 2x2 outputs, with the 4x4
// input window d:
//   Y = A^T [ (G g G^T) . (B^T d B) ] A,     dg += G^T [ (A dY A^T) . (B^T d B) ] G
// where "." multiplies element by element and sums over channels (or, for dg, over tiles).
// Here: the transforms, vectorised over channels, and how the work is cut.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/cut.hpp>
#include <tessera/kernels/cpu/conv2d/pack.hpp>
#include <tessera/kernels/cpu/conv2d/winograd_plan.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// B^T d of four values or vectors.
template <class V>
inline void transform_data(const V (&d)[4], V (&to)[4]) {
  to[0] = d[0] - d[2];
  to[1] = d[1] + d[2];
  to[2] = d[2] - d[1];
  to[3] = d[1] - d[3];
}
/// G g of three.
template <class V>
inline void transform_filter(const V (&g)[3], V (&to)[4]) {
  const V half(typename V::value_type(0.5));
  const V even = half * (g[0] + g[2]), odd = half * g[1];
  to[0] = g[0];
  to[1] = even + odd;
  to[2] = even - odd;
  to[3] = g[2];
}
/// G^T p of four: the transpose of the above.
template <class V>
inline void transform_filter_back(const V (&p)[4], V (&to)[3]) {
  const V half(typename V::value_type(0.5));
  const V sum = half * (p[1] + p[2]);
  to[0] = p[0] + sum;
  to[1] = half * (p[1] - p[2]);
  to[2] = p[3] + sum;
}
/// A^T m of four.
template <class V>
inline void transform_output(const V (&m)[4], V (&to)[2]) {
  to[0] = m[0] + m[1] + m[2];
  to[1] = m[1] - m[2] - m[3];
}
/// A y of two: the transpose of the above.
template <class V>
inline void transform_output_back(const V (&y)[2], V (&to)[4]) {
  to[0] = y[0];
  to[1] = y[0] + y[1];
  to[2] = y[0] - y[1];
  to[3] = V(typename V::value_type(0)) - y[1];
}

/// Applies a one-dimensional transform to the columns, then to the rows of a square: f(f(x)^T)^T.
template <int From, int To, class V, class Transform>
[[gnu::always_inline]] inline void transform_square(
    const V (&x)[std::size_t{From}][std::size_t{From}], V (&y)[std::size_t{To}][std::size_t{To}],
    const Transform& f) {
  V half[std::size_t{From}][std::size_t{To}];  // columns transformed, transposed
#pragma GCC unroll 4
  for (int b = 0; b < From; ++b) {
    V column[std::size_t{From}];
#pragma GCC unroll 4
    for (int a = 0; a < From; ++a) column[a] = x[a][b];
    f(column, half[b]);
  }
#pragma GCC unroll 4
  for (int a = 0; a < To; ++a) {
    V row[std::size_t{From}];
#pragma GCC unroll 4
    for (int b = 0; b < From; ++b) row[b] = half[b][a];
    f(row, y[a]);
  }
}

/// V[k][t] = B^T d B of every tile of a group: packed [images, rows, columns, C] -> out
/// [16][tiles][C]; image n and tile rows [row, row + rows) fill tiles from `tile` on.
template <class T>
void transform_input_tiles(const T* packed, const Patch& patch, std::ptrdiff_t rows,
                           std::ptrdiff_t columns, std::ptrdiff_t tiles, std::ptrdiff_t tile,
                           T* out) {
  using Vector = simd::Vector<T>;
  const std::ptrdiff_t channels = patch.channels, product = tiles * channels;
  for (std::ptrdiff_t r = 0; r < rows; ++r)
    for (std::ptrdiff_t c = 0; c < columns; ++c, ++tile) {
      const T* const from = packed + 2 * r * patch.row_step() + 2 * c * channels;  // [4, 4, C]
      T* const to = out + tile * channels;
      simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t i) {
        Vector d[4][4], v[4][4];
#pragma GCC unroll 4
        for (int a = 0; a < 4; ++a)
#pragma GCC unroll 4
          for (int b = 0; b < 4; ++b)
            d[a][b] = lanes.load(from + a * patch.row_step() + b * channels + i);
        transform_square<4, 4>(d, v, [](const auto& x, auto& y) { transform_data(x, y); });
#pragma GCC unroll 4
        for (int a = 0; a < 4; ++a)
#pragma GCC unroll 4
          for (int b = 0; b < 4; ++b) lanes.store(to + (4 * a + b) * product + i, v[a][b]);
      });
    }
}

}  // namespace tessera::kernels::cpu
