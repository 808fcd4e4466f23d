// SPDX-License-Identifier: BSD-3-Clause
// When Winograd's F(2x2, 3x3) pays, how its work is cut, and what scratch it needs.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/sizes.hpp>
#include <tessera/tensor/conv2d_problem.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

inline constexpr int winograd_products = 16;

/// Whether the transforms pay: they cost additions per channel, the products saved are per pair of
/// channels.
constexpr bool winograd_pays(const Conv2dProblem& p) {
  return conv2d_grid(p.kernel, p.stride, p.in_channels, p.out_channels) == 2 && p.out_height > 1 &&
         p.out_width > 1;
}

/// Groups of tiles: a few images, or a band of tile rows of one image, of about `wanted` tiles.
constexpr GroupCut cut_tiles(const Conv2dProblem& p, std::ptrdiff_t wanted) {
  const std::ptrdiff_t rows = divide_up(p.out_height, 2), columns = divide_up(p.out_width, 2);
  GroupCut cut{p.batch, rows, 1, rows};
  if (p.batch <= 0 || rows <= 0 || columns <= 0) return cut;
  const std::ptrdiff_t images = std::clamp<std::ptrdiff_t>(wanted / (rows * columns), 1, p.batch);
  cut.images = divide_up(p.batch, divide_up(p.batch, images));
  if (cut.images == 1)
    cut.rows = divide_up(rows, divide_up(rows, std::max<std::ptrdiff_t>(1, wanted / columns)));
  return cut;
}

/// The zero-padded input windows of `rows` tile rows: 2 rows + 2.
constexpr Patch tile_patch(const Conv2dProblem& p, std::ptrdiff_t rows) {
  return {0, -p.padding, 2 * rows + 2, 2 * divide_up(p.out_width, 2) + 2, p.in_channels};
}

/// Tiles of a group: enough to use the transformed weights often, few enough for the second-level
/// cache.
inline constexpr std::ptrdiff_t winograd_group_tiles = 128;

template <class T>
struct WinogradPlan {
  Conv2dProblem p;
  GroupCut cut;
  std::ptrdiff_t columns = 0, tiles = 0;  // tile columns; tiles of a whole group
  std::ptrdiff_t panel_elements = 0;      // weights of one product
  std::size_t weight_bytes = 0, lane_bytes = 0;

  constexpr explicit WinogradPlan(const Conv2dProblem& problem)
      : p(problem), cut(cut_tiles(p, winograd_group_tiles)) {
    columns = divide_up(p.out_width, 2);
    tiles = cut.images * cut.rows * columns;
    panel_elements = panel_count<T>(p.out_channels) * panel_width<T> * p.in_channels;
    Carver weights, lane;
    weights.measure<T>(winograd_products * panel_elements);
    lane.measure<T>(cut.images * tile_patch(p, cut.rows).image_step());
    lane.measure<T>(winograd_products * tiles * p.in_channels);
    lane.measure<T>(winograd_products * tiles * p.out_channels);
    lane.measure<Unit>(tiles);
    lane.measure<T>(partial_elements<T>(tiles, p.in_channels));
    weight_bytes = weights.used();
    lane_bytes = lane.used();
  }
  constexpr std::size_t bytes() const {
    return weight_bytes + static_cast<std::size_t>(cut.lanes()) * lane_bytes;
  }
};

/// The input gradient as a forward problem.
constexpr Conv2dProblem winograd_turned(const Conv2dProblem& p) {
  return {p.batch,     p.out_height, p.out_width,   p.out_channels,
          p.in_height, p.in_width,   p.in_channels, 3,
          1,           2 - p.padding};
}

/// Tiles whose sums are added to the transformed gradient at once.
inline constexpr std::ptrdiff_t winograd_sum_tiles = 512;
/// Tiles whose dY panel stays in the first-level cache.
inline constexpr std::ptrdiff_t winograd_near_tiles = 256;

template <class T>
struct WinogradWeightPlan {
  Conv2dProblem p;
  GroupCut cut;
  std::ptrdiff_t columns = 0, tiles = 0, panels = 0;
  std::ptrdiff_t patch = 0, inputs = 0, gradients = 0;  // elements: of all images; of one product

  constexpr explicit WinogradWeightPlan(const Conv2dProblem& problem)
      : p(problem), cut(cut_tiles(p, winograd_sum_tiles)) {
    columns = divide_up(p.out_width, 2);
    tiles = cut.images * cut.rows * columns;
    panels = panel_count<T>(p.out_channels);
    patch = cut.images * tile_patch(p, cut.rows).image_step();
    inputs = tiles * p.in_channels;
    gradients = tiles * panels * panel_width<T>;
  }
  constexpr std::size_t bytes() const {
    Carver c;
    measure(c);
    return c.used();
  }
  constexpr void measure(Carver& c) const {
    c.measure<T>(patch);
    c.measure<T>(winograd_products * inputs +
                 gradient_steps);  // a tile may read beyond the last product
    c.measure<T>(winograd_products * gradients);
    c.measure<T>(winograd_products * std::ptrdiff_t{p.in_channels} * p.out_channels);
    c.measure<T>(std::ptrdiff_t{p.batch} * cut.bands() * p.out_channels);
    c.measure<std::ptrdiff_t>(tiles);
  }
};

}  // namespace tessera::kernels::cpu
