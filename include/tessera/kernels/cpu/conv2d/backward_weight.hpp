// SPDX-License-Identifier: BSD-3-Clause
// Weight and bias gradient of the convolution on the CPU:
//   dw += select(x, valid) * (scale * dy),   db += sum of dy where scale != 0.
// Images are packed group by group; threads share disjoint blocks of dw. A small dw has too few
// blocks: then a number of slices of the batch, fixed by shape, sum apart and are added in order.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/gradient_pack.hpp>
#include <tessera/kernels/cpu/conv2d/gradient_tile.hpp>
#include <tessera/kernels/cpu/conv2d/winograd_weight.hpp>
#include <tessera/kernels/cpu/conv2d/workspace.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {
namespace cpu {

/// Pixels whose dy panel stays in the nearest cache over all tiles.
inline constexpr std::ptrdiff_t near_pixels = 256;

/// Tiles [first, last) of one panel of output channels over the pixels of a group.
template <class T>
void add_gradient_block(const BackwardWeightPlan<T>& plan, const GradientScratch<T>& scratch,
                        std::ptrdiff_t row_step, std::ptrdiff_t pixels, std::ptrdiff_t panel,
                        std::ptrdiff_t first, std::ptrdiff_t last, T* dw) {
  const std::ptrdiff_t channels = plan.p.out_channels, c = panel * plan.panel;
  const bool two = panel_vectors<T>(channels - c) == 2;
  const std::ptrdiff_t dy_step = plan.narrow ? plan.panel : (two ? 2 : 1) * simd::width<T>;
  const std::ptrdiff_t near_run = plan.narrow ? 8 * near_pixels : near_pixels;
  for (std::ptrdiff_t q = 0; q < pixels; q += near_run)
    for (std::ptrdiff_t i = first; i < last; ++i) {
      const std::ptrdiff_t row = i / plan.tiles, t = i % plan.tiles * plan.tile;
      const std::ptrdiff_t count = std::min(plan.tile, plan.run - t);
      const PixelSums<T> sums{scratch.packed + row * row_step + t, scratch.at + q,
                              scratch.dy + c * plan.pixels + q * dy_step,
                              std::min(near_run, pixels - q)};
      T* to = dw + (row * plan.run + t) * channels;
      if (count <= 0) continue;
      if (plan.narrow) add_narrow_tile(sums, count, to, channels, c);
      else if (two) add_wide_tile<2>(sums, count, to, channels, c);
      else add_wide_tile<1>(sums, count, to, channels, c);
    }
}

/// One slice: its groups in order; inside a group images are packed, then blocks of dw are added
/// to, both spread over the context's threads.
template <class T>
void backward_weight_slice(const Context<Cpu>& context, const BackwardWeightPlan<T>& plan,
                           std::ptrdiff_t slice, View<const T> x, ValidView valid, View<const T> dy,
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
                     ValidView valid, View<const T> dy, const T* scale, T* dweight, T* dbias,
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

template <int Kernel, int Stride, class T>
void conv2d_backward_weight(const Context<Cpu>& context, const Conv2dProblem& problem,
                            View<const T> x, ValidView valid, View<const T> dy, const T* scale,
                            T* dweight, T* dbias, std::byte* workspace) {
  if (!dweight && !dbias) return;
  Conv2dProblem p = problem;
  if constexpr (Kernel > 0) p.kernel = Kernel, p.stride = Stride;
  if constexpr (Kernel == 0 || (Kernel == 3 && Stride == 1))
    if (cpu::winograd_pays(p))
      return cpu::winograd_backward_weight(context, p, x, valid, dy, scale, dweight, dbias,
                                           workspace);
  cpu::backward_weight(context, p, x, valid, dy, scale, dweight, dbias, workspace);
}

}  // namespace tessera::kernels
