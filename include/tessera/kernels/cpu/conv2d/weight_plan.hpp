// SPDX-License-Identifier: BSD-3-Clause
// Sizes and scratch of the direct weight gradient.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/sizes.hpp>
#include <tessera/tensor/conv2d_problem.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// dw of more bytes is cut into blocks, a smaller one into slices of the batch.
inline constexpr std::size_t sliced_gradient_bytes = 96 * 1024;
/// Pixels of a group that adds to a large dw.
inline constexpr std::ptrdiff_t group_pixels = 512;

template <class T>
struct BackwardWeightPlan {
  Conv2dProblem p;
  GroupCut cut;
  Patch patch;
  bool narrow = false;               // few output channels: tiles along t
  std::ptrdiff_t run = 0;            // taps of a window row * channels
  std::ptrdiff_t panel = 0;          // output channels of a panel of dy
  std::ptrdiff_t panels = 0;         // panels of dy
  std::ptrdiff_t tile = 0, tiles = 0;      // t of a tile; tiles of a window row
  std::ptrdiff_t pixels = 0, weights = 0;  // pixels of a group; elements of dw
  std::ptrdiff_t slices = 1;
  std::size_t patch_bytes = 0, dy_bytes = 0, at_bytes = 0, bias_bytes = 0, dw_bytes = 0;

  constexpr explicit BackwardWeightPlan(const Conv2dProblem& problem) : p(problem) {
    narrow = 2 * p.out_channels <= vector_width<T>;
    run = std::ptrdiff_t{p.kernel} * p.in_channels;
    panel = narrow ? narrow_outputs : panel_width<T>;
    panels = divide_up(p.out_channels, panel);
    const std::ptrdiff_t widest = narrow ? narrow_vectors * vector_width<T> : gradient_steps;
    tiles = divide_up(run, widest);
    tile = divide_up(run, tiles);
    const std::ptrdiff_t columns = std::ptrdiff_t{p.stride} * (p.out_width - 1) + p.kernel;
    const std::ptrdiff_t row = p.stride * columns * p.in_channels + p.out_width * p.out_channels;
    cut = cut_groups(p.batch, p.out_height, p.out_width, static_cast<std::size_t>(row) * sizeof(T));
    weights = p.kernel * run * p.out_channels;
    const bool sliced = static_cast<std::size_t>(weights) * sizeof(T) <= sliced_gradient_bytes;
    if (sliced) slices = cut.lanes();
    else cut.images = wide_group(cut);
    patch = {0, -p.padding, p.stride * (cut.rows - 1) + p.kernel, columns, p.in_channels};
    pixels = cut.images * cut.rows * p.out_width;
    // Tiles may read beyond a run, at most one tile: what they find there is dropped.
    patch_bytes = aligned<T>(cut.images * patch.image_step() + widest);
    dy_bytes = aligned<T>(panels * panel * pixels);
    at_bytes = aligned<std::ptrdiff_t>(pixels);
    bias_bytes = aligned<T>(cut.images * panels * panel);
    dw_bytes = slices > 1 ? aligned<T>(weights) : 0;
  }
  /// Images of a group where all groups add to one large dw: every group reads and writes it once,
  /// so a group is a whole batch of small images, of `group_pixels` pixels or so.
  constexpr std::ptrdiff_t wide_group(const GroupCut& c) const {
    const std::ptrdiff_t per_image = std::max<std::ptrdiff_t>(c.rows * p.out_width, 1);
    if (c.rows < c.height) return c.images;
    return std::max(c.images, std::min<std::ptrdiff_t>(p.batch, group_pixels / per_image));
  }
  template <class U>
  static constexpr std::size_t aligned(std::ptrdiff_t count) {
    return aligned_size(static_cast<std::size_t>(count) * sizeof(U));
  }
  constexpr std::size_t slice_bytes() const {
    return patch_bytes + dy_bytes + at_bytes + bias_bytes + dw_bytes;
  }
  constexpr std::size_t bytes() const { return static_cast<std::size_t>(slices) * slice_bytes(); }
  constexpr std::ptrdiff_t slice_begin(std::ptrdiff_t slice) const {
    return slice * cut.count() / slices;
  }
};

}  // namespace tessera::kernels::cpu
