// SPDX-License-Identifier: BSD-3-Clause
// Sizes of tiles, panels and patches: what the plans of a convolution are made of.
#pragma once
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/cut.hpp>
#include <tessera/kernels/cpu/width.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

// Accumulators must stay in registers: with 32 of them a tile has 12 pixels, with 16 it has 6.
inline constexpr int unit_pixels = many_registers ? 4 : 2;
inline constexpr int tile_units = 3;

/// Channels of one panel of packed weights: two vectors.
template <class T>
inline constexpr std::ptrdiff_t panel_width = 2 * vector_width<T>;
/// Panels that cover so many channels.
template <class T>
constexpr std::ptrdiff_t panel_count(std::ptrdiff_t channels) {
  return (channels + panel_width<T> - 1) / panel_width<T>;
}
/// Vectors of the last, possibly narrower panel.
template <class T>
constexpr int panel_vectors(std::ptrdiff_t channels_left) {
  return channels_left > vector_width<T> ? 2 : 1;
}

/// `unit_pixels` pixels (or one) at a constant distance.
struct Unit {
  std::ptrdiff_t x;  // element offset of the first pixel's window in the source
  std::ptrdiff_t y;  // index of the first pixel in the output
};

/// Steps of the reduction whose panel of weights stays close: 2 vectors * 4 or 8 bytes each.
template <class T>
inline constexpr std::ptrdiff_t share_steps = 16384 / (panel_width<T> * std::ptrdiff_t{sizeof(T)});

/// Elements of Sweep partial sums for so many pixels: units may overlap, at most twofold.
template <class T>
constexpr std::ptrdiff_t partial_elements(std::ptrdiff_t pixels, std::ptrdiff_t steps) {
  return steps > share_steps<T> ? 2 * pixels * panel_width<T> : 0;
}

inline constexpr int gradient_steps = tile_units * unit_pixels;  // t of a wide tile
inline constexpr int narrow_outputs = 4;                         // o of a narrow tile
inline constexpr int narrow_vectors = unit_pixels == 4 ? 6 : 3;  // vectors of t of a narrow tile

/// Part of a batch with zeros around it: the element at n*image_step + r*row_step + c*C + i is that
/// of image n, row top + r, column left + c, channel i of a view.
struct Patch {
  std::ptrdiff_t top = 0, left = 0, rows = 0, columns = 0, channels = 0;
  constexpr std::ptrdiff_t row_step() const { return columns * channels; }
  /// One cache line more than the rows, so that images do not compete for the same cache sets.
  constexpr std::ptrdiff_t image_step() const { return divide_up(rows * row_step(), 16) * 16 + 16; }
};

}  // namespace tessera::kernels::cpu
