// SPDX-License-Identifier: BSD-3-Clause
// Register tiles of the weight gradient, sums over the pixels of a group of images:
//   dw[t, o] += sum_p x[at[p] + t] * dy[p, o],   t along the contiguous run of a window row.
// Wide: a few t x two vectors of o. Narrow, for few output channels: a few o x vectors of t.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/tile.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// The pixels a tile sums over.
template <class T>
struct PixelSums {
  const T* x;                // start of the window row in the packed images, plus the first t
  const std::ptrdiff_t* at;  // [count] element offset of each pixel's window
  const T* dy;               // [count, dy_step] packed
  std::ptrdiff_t count;
};

/// out [steps, N*V] of a wide tile; dy_step = N*V.
template <int Steps, int N, class T>
[[gnu::noinline]] void sum_wide(const PixelSums<T>& s, T* out) {
  using Vector = simd::Vector<T>;
  constexpr std::ptrdiff_t width = simd::width<T>;
  Vector acc[std::size_t{Steps}][std::size_t{N}];
#pragma GCC unroll 12
  for (int t = 0; t < Steps; ++t)
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) acc[t][n] = Vector(T(0));
  const T* dy = s.dy;
  for (std::ptrdiff_t p = 0; p < s.count; ++p, dy += N * width) {
    const T* x = s.x + s.at[p];
    Vector gradient[std::size_t{N}];
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) gradient[n] = Vector::load_aligned(dy + n * width);
#pragma GCC unroll 12
    for (int t = 0; t < Steps; ++t) {
      const Vector value(x[t]);
#pragma GCC unroll 2
      for (int n = 0; n < N; ++n) acc[t][n] = simd::multiply_add(value, gradient[n], acc[t][n]);
    }
  }
#pragma GCC unroll 12
  for (int t = 0; t < Steps; ++t)
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) acc[t][n].store_aligned(out + (t * N + n) * width);
}

/// Adds `count` <= gradient_steps rows of a wide tile to dw [.., channels] from channel c on. The
/// tile may compute more rows than asked for: what it reads there is scratch and is dropped.
template <int N, class T>
void add_wide_tile(const PixelSums<T>& s, std::ptrdiff_t count, T* dw, std::ptrdiff_t channels,
                   std::ptrdiff_t c) {
  constexpr std::ptrdiff_t wide = N * simd::width<T>;
  alignas(64) T out[std::size_t{gradient_steps * wide}];
  if constexpr (gradient_steps == 12) {
    if (count > 9) sum_wide<12, N>(s, out);
    else if (count > 6) sum_wide<9, N>(s, out);
    else if (count > 3) sum_wide<6, N>(s, out);
    else sum_wide<3, N>(s, out);
  } else {
    if (count > 3) sum_wide<6, N>(s, out);
    else sum_wide<3, N>(s, out);
  }
  for (std::ptrdiff_t t = 0; t < count; ++t) {
    T* to = dw + t * channels + c;
    const T* from = out + t * wide;
    simd::for_each_vector<T>(std::min(wide, channels - c), [&](auto lanes, std::ptrdiff_t i) {
      lanes.store(to + i, lanes.load(to + i) + lanes.load(from + i));
    });
  }
}

/// out [Outputs, narrow_vectors*V]; dy_step = narrow_outputs.
template <int Outputs, class T>
[[gnu::noinline]] void sum_narrow(const PixelSums<T>& s, T* out) {
  using Vector = simd::Vector<T>;
  constexpr std::ptrdiff_t width = simd::width<T>;
  Vector acc[std::size_t{Outputs}][narrow_vectors];
#pragma GCC unroll 4
  for (int o = 0; o < Outputs; ++o)
#pragma GCC unroll 6
    for (int n = 0; n < narrow_vectors; ++n) acc[o][n] = Vector(T(0));
  for (std::ptrdiff_t p = 0; p < s.count; ++p) {
    const T* x = s.x + s.at[p];
    Vector gradient[std::size_t{Outputs}];
#pragma GCC unroll 4
    for (int o = 0; o < Outputs; ++o) gradient[o] = Vector(s.dy[p * narrow_outputs + o]);
#pragma GCC unroll 6
    for (int n = 0; n < narrow_vectors; ++n) {
      const Vector value = Vector::load_unaligned(x + n * width);
#pragma GCC unroll 4
      for (int o = 0; o < Outputs; ++o) acc[o][n] = simd::multiply_add(value, gradient[o], acc[o][n]);
    }
  }
#pragma GCC unroll 4
  for (int o = 0; o < Outputs; ++o)
#pragma GCC unroll 6
    for (int n = 0; n < narrow_vectors; ++n)
      acc[o][n].store_aligned(out + (o * narrow_vectors + n) * width);
}

/// Adds `count` <= narrow_vectors*V rows x `outputs` <= narrow_outputs channels to dw.
template <class T>
void add_narrow_tile(const PixelSums<T>& s, std::ptrdiff_t count, T* dw, std::ptrdiff_t channels,
                     std::ptrdiff_t c) {
  constexpr std::ptrdiff_t wide = narrow_vectors * simd::width<T>;
  alignas(64) T out[std::size_t{narrow_outputs * wide}];
  const std::ptrdiff_t outputs = std::min<std::ptrdiff_t>(channels - c, narrow_outputs);
  if (outputs == 4) sum_narrow<4>(s, out);
  else if (outputs == 3) sum_narrow<3>(s, out);
  else if (outputs == 2) sum_narrow<2>(s, out);
  else sum_narrow<1>(s, out);
  for (std::ptrdiff_t t = 0; t < count; ++t)
    for (std::ptrdiff_t o = 0; o < outputs; ++o) dw[t * channels + c + o] += out[o * wide + t];
}

}  // namespace tessera::kernels::cpu
