// SPDX-License-Identifier: BSD-3-Clause
// Covers the output pixels of a group of images with register tiles. Tiles run along columns,
// images or rows, whichever wastes least: so 4x4 and 2x2 outputs fill whole tiles too. The
// reduction is cut so that the weights of one cut stay in the first-level cache over all tiles.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/tile.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// Output pixels (image, row, column) with their distances in the source and in the output.
struct PixelGrid {
  std::ptrdiff_t count[3]{};
  std::ptrdiff_t x_step[3]{};     // elements
  std::ptrdiff_t y_step[3]{};     // pixels
  std::ptrdiff_t x = 0, y = 0;    // of the first pixel

  constexpr std::ptrdiff_t pixels() const { return count[0] * count[1] * count[2]; }
};

/// Units of a grid: along which dimension, of how many pixels, how many.
struct UnitList {
  int along = 2, pixels = 1;
  std::ptrdiff_t count = 0;
};

/// The dimension that needs the fewest units; ties go to columns, whose windows overlap.
inline UnitList choose_units(const PixelGrid& grid) {
  UnitList best{2, 1, grid.pixels()};
  for (const int d : {2, 0, 1}) {
    if (grid.count[d] < unit_pixels) continue;
    const std::ptrdiff_t units = (grid.count[d] + unit_pixels - 1) / unit_pixels;
    const std::ptrdiff_t count = grid.pixels() / grid.count[d] * units;
    if (count < best.count) best = {d, unit_pixels, count};
  }
  return best;
}

/// Writes the units of a grid. The last unit along a dimension is moved back to end with it: its
/// pixels are computed twice, with equal results.
inline UnitList fill_units(const PixelGrid& grid, Unit* units) {
  const UnitList list = choose_units(grid);
  const int d = list.along, outer = d == 0 ? 1 : 0, inner = d == 2 ? 1 : 2;
  for (std::ptrdiff_t i = 0; i < grid.count[outer]; ++i)
    for (std::ptrdiff_t j = 0; j < grid.count[inner]; ++j)
      for (std::ptrdiff_t k = 0; k < grid.count[d]; k += list.pixels) {
        const std::ptrdiff_t at = std::min(k, grid.count[d] - list.pixels);
        *units++ = {grid.x + i * grid.x_step[outer] + j * grid.x_step[inner] + at * grid.x_step[d],
                    grid.y + i * grid.y_step[outer] + j * grid.y_step[inner] + at * grid.y_step[d]};
      }
  return list;
}

/// All units against one share of one panel.
template <int Q, int N, class T>
void run_share(const Sweep<T>& s, const Unit* units, std::ptrdiff_t count, TileShare<T> share) {
  for (std::ptrdiff_t left = count; left > 0;) {
    // Four units are two and two: a tile of one unit would wait for its own sums.
    const std::ptrdiff_t g = left == 4 ? 2 : std::min<std::ptrdiff_t>(left, tile_units);
    if (g == 3) run_tile<3, Q, N>(s, units, share);
    else if (g == 2) run_tile<2, Q, N>(s, units, share);
    else run_tile<1, Q, N>(s, units, share);
    units += g;
    left -= g;
    share.partial += g * Q * N * simd::width<T>;
  }
}

/// One panel: all shares of the reduction in order. panel: [rows, run, N*V].
template <int Q, int N, class T>
void run_panel(const Sweep<T>& s, const Unit* units, std::ptrdiff_t count, const T* panel,
               std::ptrdiff_t channel, T* partial) {
  const std::ptrdiff_t rows_each = std::max<std::ptrdiff_t>(1, share_steps<T> / s.run);
  const std::ptrdiff_t cuts = (s.run + share_steps<T> - 1) / share_steps<T>;
  const std::ptrdiff_t each = (s.run + cuts - 1) / cuts;
  for (std::ptrdiff_t row = 0; row < s.rows; row += rows_each)
    for (std::ptrdiff_t first = 0; first < s.run; first += each) {
      const std::ptrdiff_t rows = std::min(rows_each, s.rows - row);
      const std::ptrdiff_t steps = std::min(each, s.run - first);
      const T* weights = panel + (row * s.run + first) * N * simd::width<T>;
      run_share<Q, N>(s, units, count,
                      {weights, row, rows, first, steps, channel, partial, row == 0 && first == 0,
                       row + rows == s.rows && first + steps == s.run});
    }
}

/// y over a grid. weights: [panels][rows][run][vectors*V] as pack_weights leaves them; units: room
/// for grid.pixels(); partial: partial_elements.
template <class T>
void run_sweep(Sweep<T> s, const PixelGrid& grid, const T* weights, Unit* units, T* partial) {
  if (grid.pixels() == 0) return;
  const UnitList list = fill_units(grid, units);
  s.x_step = grid.x_step[list.along];
  s.y_step = grid.y_step[list.along];
  for (std::ptrdiff_t c = 0; c < s.channels; c += panel_width<T>) {
    const T* panel = weights + c * s.rows * s.run;
    const bool two = panel_vectors<T>(s.channels - c) == 2;
    if (list.pixels == 1) {
      if (two) run_panel<1, 2>(s, units, list.count, panel, c, partial);
      else run_panel<1, 1>(s, units, list.count, panel, c, partial);
    } else {
      if (two) run_panel<unit_pixels, 2>(s, units, list.count, panel, c, partial);
      else run_panel<unit_pixels, 1>(s, units, list.count, panel, c, partial);
    }
  }
}

}  // namespace tessera::kernels::cpu
