// SPDX-License-Identifier: BSD-3-Clause
// Register tile of the convolution: a few pixels x one or two vectors of output channels,
//   acc[p, o] += sum_{r, t} x[p + r*row_step + t] * w[r, t, o],
// where t runs over the contiguous (taps of a row) x (channels) of a channels-last image.
#pragma once
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/sizes.hpp>
#include <tessera/kernels/cpu/simd.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// What every tile of a sweep shares.
template <class T>
struct Sweep {
  const T* x = nullptr;         // source, windows at Unit::x
  std::ptrdiff_t x_step = 0;    // elements between the pixels of a unit
  std::ptrdiff_t row_step = 0;  // elements between two rows of a window
  std::ptrdiff_t rows = 1;      // rows of a window
  std::ptrdiff_t run = 0;       // contiguous elements of a window row: taps * channels
  T* y = nullptr;               // [pixels, y_stride]
  std::ptrdiff_t y_stride = 0, y_step = 0;  // elements per pixel; pixels between those of a unit
  std::ptrdiff_t channels = 0;              // output channels
  const T* bias = nullptr;                  // [channels] or null
  const T* scale = nullptr;                 // [pixels] or null; 0: the pixel becomes exactly 0
};

/// One tile's share of a sweep: rows [row, row + rows) x elements [first, first + count) of the
/// windows. `weights` [rows, count, N*V] is contiguous; `partial` [G*Q, N*V] carries sums from one
/// share to the next.
template <class T>
struct TileShare {
  const T* weights;
  std::ptrdiff_t row, rows, first, count;
  std::ptrdiff_t channel;  // first output channel
  T* partial;
  bool is_first, is_last;
};

/// y from the sums of a tile. `last` loads and stores the last vector of channels, whole or not.
template <int G, int Q, int N, class T, class Lanes, class Vector>
[[gnu::always_inline]] inline void finish_tile(
    const Sweep<T>& s, const Unit* units, std::ptrdiff_t channel, const Lanes& last,
    const Vector (&acc)[std::size_t{G * Q}][std::size_t{N}]) {
  constexpr std::ptrdiff_t width = simd::width<T>;
  const simd::WholeVector<T> whole;
  Vector bias[2] = {Vector(T(0)), Vector(T(0))};
  if (s.bias) {
    if constexpr (N == 2) bias[0] = whole.load(s.bias + channel);
    bias[N - 1] = last.load(s.bias + channel + (N - 1) * width);
  }
#pragma GCC unroll 12
  for (int i = 0; i < G * Q; ++i) {
    const std::ptrdiff_t p = units[i / Q].y + (i % Q) * s.y_step;
    T* out = s.y + p * s.y_stride + channel;
    const T factor = s.scale ? s.scale[p] : T(1);
    Vector first = simd::multiply_add(acc[i][0], Vector(factor), bias[0]);
    Vector second = simd::multiply_add(acc[i][N - 1], Vector(factor), bias[N - 1]);
    if (factor == T(0)) first = second = Vector(T(0));
    if constexpr (N == 2) whole.store(out, first);
    last.store(out + (N - 1) * width, second);
  }
}

/// G units of Q pixels x N vectors.
template <int G, int Q, int N, class T>
[[gnu::noinline]] void run_tile(const Sweep<T>& s, const Unit* units, const TileShare<T>& share) {
  using Vector = simd::Vector<T>;
  constexpr std::ptrdiff_t width = simd::width<T>;
  Vector acc[std::size_t{G * Q}][std::size_t{N}];
#pragma GCC unroll 12
  for (int i = 0; i < G * Q; ++i)
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n)
      acc[i][n] = share.is_first ? Vector(T(0))
                                 : Vector::load_aligned(share.partial + (i * N + n) * width);
  const T* w = share.weights;
  const std::ptrdiff_t step = s.x_step;
  for (std::ptrdiff_t r = 0; r < share.rows; ++r) {
    const T* x[std::size_t{G}];
#pragma GCC unroll 3
    for (int g = 0; g < G; ++g)
      x[g] = s.x + units[g].x + (share.row + r) * s.row_step + share.first;
    for (std::ptrdiff_t t = 0; t < share.count; ++t) {
      Vector weight[std::size_t{N}];
#pragma GCC unroll 2
      for (int n = 0; n < N; ++n) weight[n] = Vector::load_aligned(w + n * width);
#pragma GCC unroll 12
      for (int i = 0; i < G * Q; ++i) {
        const Vector value(x[i / Q][(i % Q) * step]);
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) acc[i][n] = simd::multiply_add(value, weight[n], acc[i][n]);
      }
#pragma GCC unroll 3
      for (int g = 0; g < G; ++g) ++x[g];
      w += N * width;
    }
  }
  if (share.is_last) {
    const std::ptrdiff_t rest = s.channels - share.channel - (N - 1) * width;
    if (rest >= width)
      return finish_tile<G, Q, N>(s, units, share.channel, simd::WholeVector<T>{}, acc);
    return finish_tile<G, Q, N>(s, units, share.channel, simd::PartVector<T>{rest}, acc);
  }
#pragma GCC unroll 12
  for (int i = 0; i < G * Q; ++i)
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) acc[i][n].store_aligned(share.partial + (i * N + n) * width);
}

}  // namespace tessera::kernels::cpu
