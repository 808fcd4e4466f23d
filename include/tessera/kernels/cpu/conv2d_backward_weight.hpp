// SPDX-License-Identifier: BSD-3-Clause
// Weight and bias gradient of the convolution on the CPU:
//   dw += select(x, valid) * (scale * dy),   db += sum of dy where scale != 0.
// Images are packed group by group; threads share disjoint blocks of dw. A small dw has too few
// blocks: then a number of slices of the batch, fixed by shape, sum apart and are added in order.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/conv2d.hpp>
#include <tessera/kernels/cpu/conv2d_gradient_tile.hpp>
#include <tessera/kernels/cpu/conv2d_pack.hpp>

namespace tessera::kernels {
namespace cpu {

/// dw of more bytes is cut into blocks, a smaller one into slices of the batch.
inline constexpr std::size_t sliced_gradient_bytes = 96 * 1024;
/// Pixels whose dy panel stays in the first-level cache over all tiles.
inline constexpr std::ptrdiff_t near_pixels = 128;

template <class T>
struct BackwardWeightPlan {
  Conv2dProblem p;
  GroupCut cut;
  Patch patch;
  bool narrow = false;               // few output channels: tiles along t
  std::ptrdiff_t run = 0;            // taps of a window row * channels
  std::ptrdiff_t panel = 0;          // output channels of a panel of dy
  std::ptrdiff_t panels = 0, tile = 0, tiles = 0;  // panels of dy; t of a tile; tiles of a window row
  std::ptrdiff_t pixels = 0, weights = 0;          // pixels of a group; elements of dw
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
    patch = {0, -p.padding, p.stride * (cut.rows - 1) + p.kernel, columns, p.in_channels};
    pixels = cut.images * cut.rows * p.out_width;
    weights = p.kernel * run * p.out_channels;
    if (static_cast<std::size_t>(weights) * sizeof(T) <= sliced_gradient_bytes) slices = cut.lanes();
    // Tiles may read beyond a run, at most one tile: what they find there is dropped.
    patch_bytes = aligned<T>(cut.images * patch.image_step() + widest);
    dy_bytes = aligned<T>(panels * panel * pixels);
    at_bytes = aligned<std::ptrdiff_t>(pixels);
    bias_bytes = aligned<T>(cut.images * panels * panel);
    dw_bytes = slices > 1 ? aligned<T>(weights) : 0;
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

/// dy of `count` pixels into one panel [count, panel], times scale; returns nothing but adds plain dy
/// to bias [panel]. Channels beyond the last are zeros.
template <class T>
void pack_gradient_vectors(const View<const T>& dy, const T* scale, std::ptrdiff_t first,
                           std::ptrdiff_t count, std::ptrdiff_t c, T* panel, T* bias) {
  using Vector = simd::Vector<T>;
  constexpr std::ptrdiff_t width = simd::width<T>;
  const std::ptrdiff_t channels = std::min<std::ptrdiff_t>(dy.channels - c, panel_width<T>);
  const std::ptrdiff_t wide = panel_vectors<T>(channels) * width;
  for (std::ptrdiff_t v = 0; v < wide; v += width) {
    const auto pack = [&](auto lanes) {
      Vector sum(T(0));
      for (std::ptrdiff_t p = 0; p < count; ++p) {
        const T factor = scale ? scale[first + p] : T(1);
        Vector value(T(0));
        if (factor != T(0)) value = lanes.load(dy.pixel(first + p) + c + v);
        sum += value;
        (value * Vector(factor)).store_aligned(panel + p * wide + v);
      }
      (Vector::load_aligned(bias + v) + sum).store_aligned(bias + v);
    };
    if (channels - v >= width) pack(simd::WholeVector<T>{});
    else pack(simd::PartVector<T>{channels - v});
  }
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
    else pack_gradient_vectors(dy, scale, first, count, c, panel, bias + c);
  }
  std::ptrdiff_t* at = scratch.at + n * count;
  for (std::ptrdiff_t h = 0; h < group.rows; ++h)
    for (std::ptrdiff_t w = 0; w < p.out_width; ++w)
      *at++ = n * patch.image_step() + p.stride * (h * patch.row_step() + w * p.in_channels);
}

/// Tiles [first, last) of one panel of output channels over the pixels of a group.
template <class T>
void add_gradient_block(const BackwardWeightPlan<T>& plan, const GradientScratch<T>& scratch,
                        std::ptrdiff_t row_step, std::ptrdiff_t pixels, std::ptrdiff_t panel,
                        std::ptrdiff_t first, std::ptrdiff_t last, T* dw) {
  const std::ptrdiff_t channels = plan.p.out_channels, c = panel * plan.panel;
  const bool two = panel_vectors<T>(channels - c) == 2;
  const std::ptrdiff_t dy_step = plan.narrow ? plan.panel : (two ? 2 : 1) * simd::width<T>;
  const std::ptrdiff_t near = plan.narrow ? 8 * near_pixels : near_pixels;
  for (std::ptrdiff_t q = 0; q < pixels; q += near)
    for (std::ptrdiff_t i = first; i < last; ++i) {
      const std::ptrdiff_t row = i / plan.tiles, t = i % plan.tiles * plan.tile;
      const std::ptrdiff_t count = std::min(plan.tile, plan.run - t);
      const PixelSums<T> sums{scratch.packed + row * row_step + t, scratch.at + q,
                              scratch.dy + c * plan.pixels + q * dy_step, std::min(near, pixels - q)};
      T* to = dw + (row * plan.run + t) * channels;
      if (count <= 0) continue;
      if (plan.narrow) add_narrow_tile(sums, count, to, channels, c);
      else if (two) add_wide_tile<2>(sums, count, to, channels, c);
      else add_wide_tile<1>(sums, count, to, channels, c);
    }
}

/// One slice: its groups in order; inside a group images are packed, then blocks of dw are added to,
/// both spread over the context's threads.
template <class T>
void backward_weight_slice(const Context<Cpu>& context, const BackwardWeightPlan<T>& plan,
                           std::ptrdiff_t slice, View<const T> x, MaskView valid, View<const T> dy,
                           const T* scale, T* dw, const GradientScratch<T>& scratch) {
  const Conv2dProblem& p = plan.p;
  std::fill_n(scratch.bias, plan.cut.images * plan.panels * plan.panel, T(0));
  const std::ptrdiff_t tiles = p.kernel * plan.tiles;
  // 16 blocks or more where dw has them; a block is never less than two tiles.
  const std::ptrdiff_t parts =
      std::clamp<std::ptrdiff_t>(divide_up(16, plan.panels), 1, divide_up(tiles, 2));
  const std::ptrdiff_t last = plan.slice_begin(slice + 1);
  for (std::ptrdiff_t g = plan.slice_begin(slice); g < last; ++g) {
    const Group group = plan.cut.group(g);
    Patch patch = plan.patch;
    patch.top = group.row * p.stride - p.padding;
    patch.rows = p.stride * (group.rows - 1) + p.kernel;
    parallel_for(context, group.images, [&](std::ptrdiff_t n) {
      pack_gradient_image(plan, group, n, patch, x, valid, dy, scale, dw != nullptr, scratch);
    });
    if (!dw) continue;
    const std::ptrdiff_t pixels = group.images * group.rows * p.out_width;
    parallel_for(context, plan.panels * parts, [&](std::ptrdiff_t i) {
      const std::ptrdiff_t part = i % parts;
      add_gradient_block(plan, scratch, patch.row_step(), pixels, i / parts, part * tiles / parts,
                         (part + 1) * tiles / parts, dw);
    });
  }
}

/// to [count] += the partial sums of all slices, in order.
template <class T>
void add_slices(const Context<Cpu>& context, const BackwardWeightPlan<T>& plan,
                std::byte* workspace, T* dw) {
  constexpr std::ptrdiff_t chunk = 4096;
  parallel_for(context, divide_up(plan.weights, chunk), [&](std::ptrdiff_t i) {
    const std::ptrdiff_t first = i * chunk, count = std::min(chunk, plan.weights - first);
    for (std::ptrdiff_t s = 0; s < plan.slices; ++s) {
      const T* from = gradient_scratch(plan, workspace, s).dw + first;
      simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t k) {
        lanes.store(dw + first + k, lanes.load(dw + first + k) + lanes.load(from + k));
      });
    }
  });
}

template <class T>
void backward_weight(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x,
                     MaskView valid, View<const T> dy, const T* scale, T* dweight, T* dbias,
                     std::byte* workspace) {
  const BackwardWeightPlan<T> plan(p);
  if (plan.slices == 1) {
    backward_weight_slice(context, plan, 0, x, valid, dy, scale, dweight,
                          gradient_scratch(plan, workspace, 0));
  } else {
    parallel_for(context, plan.slices, [&](std::ptrdiff_t slice) {
      const GradientScratch<T> scratch = gradient_scratch(plan, workspace, slice);
      if (dweight) std::fill_n(scratch.dw, plan.weights, T(0));
      backward_weight_slice(Context<Cpu>{1}, plan, slice, x, valid, dy, scale,
                            dweight ? scratch.dw : nullptr, scratch);
    });
    if (dweight) add_slices(context, plan, workspace, dweight);
  }
  if (!dbias) return;
  for (std::ptrdiff_t s = 0; s < plan.slices; ++s) {
    const T* bias = gradient_scratch(plan, workspace, s).bias;
    for (std::ptrdiff_t n = 0; n < plan.cut.images; ++n, bias += plan.panels * plan.panel)
      for (std::ptrdiff_t o = 0; o < p.out_channels; ++o) dbias[o] += bias[o];
  }
}

}  // namespace cpu

template <class T>
constexpr std::size_t conv2d_backward_weight_workspace(const Conv2dProblem& p) {
  return cpu::BackwardWeightPlan<T>(p).bytes();
}

template <int Kernel, int Stride, class T>
void conv2d_backward_weight(const Context<Cpu>& context, const Conv2dProblem& problem,
                            View<const T> x, MaskView valid, View<const T> dy, const T* scale,
                            T* dweight, T* dbias, std::byte* workspace) {
  if (!dweight && !dbias) return;
  Conv2dProblem p = problem;
  p.kernel = Kernel;
  p.stride = Stride;
  cpu::backward_weight(context, p, x, valid, dy, scale, dweight, dbias, workspace);
}

}  // namespace tessera::kernels
