// SPDX-License-Identifier: BSD-3-Clause
// Sizes, scratch and packing of the weight gradient: the selected input as zero-padded images,
// dy as panels [pixels, two vectors of o] times scale, and on the way the sums for the bias.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/conv2d.hpp>
#include <tessera/kernels/cpu/conv2d/gradient_tile.hpp>
#include <tessera/kernels/cpu/conv2d/pack.hpp>

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
    narrow = 2 * p.out_channels <= simd::width<T>;
    run = std::ptrdiff_t{p.kernel} * p.in_channels;
    panel = narrow ? narrow_outputs : panel_width<T>;
    panels = divide_up(p.out_channels, panel);
    const std::ptrdiff_t widest = narrow ? narrow_vectors * simd::width<T> : gradient_steps;
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

/// Scratch of one slice of the batch.
template <class T>
struct GradientScratch {
  T* packed;           // [images, rows, columns, I]
  T* dy;               // [panels, pixels, panel]
  std::ptrdiff_t* at;  // [pixels]
  T* bias;             // [images, panels * panel]
  T* dw;               // [K, K, I, O]
};
template <class T>
GradientScratch<T> gradient_scratch(const BackwardWeightPlan<T>& plan, std::byte* workspace,
                                    std::ptrdiff_t slice) {
  std::byte* base = workspace + static_cast<std::size_t>(slice) * plan.slice_bytes();
  GradientScratch<T> s{};
  s.packed = reinterpret_cast<T*>(base);
  s.dy = reinterpret_cast<T*>(base += plan.patch_bytes);
  s.at = reinterpret_cast<std::ptrdiff_t*>(base += plan.dy_bytes);
  s.bias = reinterpret_cast<T*>(base += plan.at_bytes);
  s.dw = reinterpret_cast<T*>(base += plan.bias_bytes);
  return s;
}

/// dy of `count` pixels, N vectors from channel c on, into panel [count, N*V]: times scale, 0 where
/// that is 0. Adds plain dy to bias [N*V]. Channels beyond the last are zeros.
template <int N, class T, class Lanes>
void pack_gradient_vectors(const View<const T>& dy, const T* scale, std::ptrdiff_t first,
                           std::ptrdiff_t count, std::ptrdiff_t c, const Lanes& last, T* panel,
                           T* bias) {
  using Vector = simd::Vector<T>;
  constexpr std::ptrdiff_t width = simd::width<T>;
  const simd::WholeVector<T> whole;
  Vector sum[2] = {Vector::load_aligned(bias), Vector::load_aligned(bias + (N - 1) * width)};
  for (std::ptrdiff_t p = 0; p < count; ++p, panel += N * width) {
    const T* from = dy.pixel(first + p) + c;
    const T factor = scale ? scale[first + p] : T(1);
    Vector value[2] = {Vector(T(0)), Vector(T(0))};
    if (factor != T(0)) {
      if constexpr (N == 2) value[0] = whole.load(from);
      value[N - 1] = last.load(from + (N - 1) * width);
    }
    if constexpr (N == 2) {
      sum[0] += value[0];
      (value[0] * Vector(factor)).store_aligned(panel);
    }
    sum[N - 1] += value[N - 1];
    (value[N - 1] * Vector(factor)).store_aligned(panel + (N - 1) * width);
  }
  if constexpr (N == 2) sum[0].store_aligned(bias);
  sum[N - 1].store_aligned(bias + (N - 1) * width);
}
template <class T>
void pack_gradient_panel(const View<const T>& dy, const T* scale, std::ptrdiff_t first,
                         std::ptrdiff_t count, std::ptrdiff_t c, T* panel, T* bias) {
  constexpr std::ptrdiff_t width = simd::width<T>;
  const std::ptrdiff_t left = dy.channels - c;
  const simd::WholeVector<T> whole;
  if (left >= 2 * width)
    pack_gradient_vectors<2>(dy, scale, first, count, c, whole, panel, bias);
  else if (left > width)
    pack_gradient_vectors<2>(dy, scale, first, count, c, simd::PartVector<T>{left - width}, panel,
                             bias);
  else if (left == width)
    pack_gradient_vectors<1>(dy, scale, first, count, c, whole, panel, bias);
  else
    pack_gradient_vectors<1>(dy, scale, first, count, c, simd::PartVector<T>{left}, panel, bias);
}

/// The same for the narrow tiles: a panel of narrow_outputs channels.
template <class T>
void pack_gradient_scalars(const View<const T>& dy, const T* scale, std::ptrdiff_t first,
                           std::ptrdiff_t count, std::ptrdiff_t c, T* panel, T* bias) {
  for (std::ptrdiff_t p = 0; p < count; ++p) {
    const T factor = scale ? scale[first + p] : T(1);
    const T* from = dy.pixel(first + p) + c;
    for (std::ptrdiff_t o = 0; o < narrow_outputs; ++o) {
      const T value = factor != T(0) && c + o < dy.channels ? from[o] : T(0);
      bias[o] += value;
      panel[p * narrow_outputs + o] = value * factor;
    }
  }
}

/// Packs image n of a group: x (if dw is wanted), dy and the sums for the bias.
template <class T>
void pack_gradient_image(const BackwardWeightPlan<T>& plan, const Group& group, std::ptrdiff_t n,
                         const Patch& patch, View<const T> x, MaskView valid, View<const T> dy,
                         const T* scale, bool with_x, const GradientScratch<T>& scratch) {
  const Conv2dProblem& p = plan.p;
  const std::ptrdiff_t image = group.image + n, count = group.rows * p.out_width;
  if (with_x)
    pack_image(scratch.packed + n * patch.image_step(), patch, x, image, SelectValid{valid});
  const std::ptrdiff_t first = (image * p.out_height + group.row) * p.out_width;
  T* bias = scratch.bias + n * plan.panels * plan.panel;
  for (std::ptrdiff_t i = 0; i < plan.panels; ++i) {
    const std::ptrdiff_t c = i * plan.panel;
    const std::ptrdiff_t wide =
        plan.narrow ? plan.panel : panel_vectors<T>(p.out_channels - c) * simd::width<T>;
    T* panel = scratch.dy + c * plan.pixels + n * count * wide;
    if (plan.narrow) pack_gradient_scalars(dy, scale, first, count, c, panel, bias + c);
    else pack_gradient_panel(dy, scale, first, count, c, panel, bias + c);
  }
  std::ptrdiff_t* at = scratch.at + n * count;
  for (std::ptrdiff_t h = 0; h < group.rows; ++h)
    for (std::ptrdiff_t w = 0; w < p.out_width; ++w)
      *at++ = n * patch.image_step() + p.stride * (h * patch.row_step() + w * p.in_channels);
}

}  // namespace tessera::kernels::cpu
