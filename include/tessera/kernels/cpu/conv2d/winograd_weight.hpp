// SPDX-License-Identifier: BSD-3-Clause
// Weight and bias gradient of a 3x3 convolution of stride 1 by Winograd's F(2x2, 3x3): the
// derivative of the forward's bilinear form,
//
//   dg += G^T [ sum over tiles of (B^T d B) . (A dY A^T) ] G
#pragma once
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/gradient_tile.hpp>
#include <tessera/kernels/cpu/conv2d/winograd.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// Scratch of a weight gradient.
template <class T>
struct WinogradWeightScratch {
  T* patch;            // [images, rows, columns, I]
  T* inputs;           // [16, tiles, I]
  T* gradients;        // [16, panels, tiles, N*V]
  T* sums;             // [16, I, O]
  T* bias;             // [batch, bands, O]
  std::ptrdiff_t* at;  // [tiles]

  WinogradWeightScratch(const WinogradWeightPlan<T>& plan, std::byte* workspace) {
    Carver c(workspace);
    patch = c.take<T>(plan.patch);
    inputs = c.take<T>(winograd_products * plan.inputs + gradient_steps);
    gradients = c.take<T>(winograd_products * plan.gradients);
    sums = c.take<T>(winograd_products * std::ptrdiff_t{plan.p.in_channels} * plan.p.out_channels);
    bias = c.take<T>(std::ptrdiff_t{plan.p.batch} * plan.cut.bands() * plan.p.out_channels);
    at = c.take<std::ptrdiff_t>(plan.tiles);
  }
};

/// D[k][panel][t] = A (scale dY) A^T of an image's tile rows, and the bias's sums of the unscaled
/// dY. Pixels outside the output and those of scale 0 are 0 and never read.
template <class T>
void transform_gradient_tiles(const WinogradWeightPlan<T>& plan, const Group& group,
                              std::ptrdiff_t image, std::ptrdiff_t tiles, std::ptrdiff_t tile,
                              View<const T> dy, const T* scale, T* to, T* bias) {
  using Vector = simd::Vector<T>;
  const Conv2dProblem& p = plan.p;
  for (std::ptrdiff_t c = 0; c < p.out_channels; c += panel_width<T>) {
    const std::ptrdiff_t wide = panel_vectors<T>(p.out_channels - c) * simd::width<T>;
    simd::for_each_vector<T>(std::min(panel_width<T>, p.out_channels - c), [&](auto lanes,
                                                                               std::ptrdiff_t o) {
      Vector sum = lanes.load(bias + c + o);
      T* out = to + c * tiles + tile * wide + o;
      for (std::ptrdiff_t r = group.row; r < group.row + group.rows; ++r)
        for (std::ptrdiff_t column = 0; column < plan.columns; ++column, out += wide) {
          Vector y[2][2], d[4][4];
          for (int a = 0; a < 2; ++a)
            for (int b = 0; b < 2; ++b) {
              y[a][b] = Vector(T(0));
              const std::ptrdiff_t h = 2 * r + a, w = 2 * column + b;
              if (h >= p.out_height || w >= p.out_width) continue;
              const std::ptrdiff_t pixel = (image * p.out_height + h) * p.out_width + w;
              const T factor = scale ? scale[pixel] : T(1);
              if (factor == T(0)) continue;
              const Vector value = lanes.load(dy.pixel(pixel) + c + o);
              sum += value;
              y[a][b] = value * Vector(factor);
            }
          transform_square<2, 4>(y, d, [](const auto& x, auto& v) { transform_output_back(x, v); });
#pragma GCC unroll 4
          for (int a = 0; a < 4; ++a)
#pragma GCC unroll 4
            for (int b = 0; b < 4; ++b) d[a][b].store_unaligned(out + (4 * a + b) * plan.gradients);
        }
      lanes.store(bias + c + o, sum);
    });
  }
}

/// dw [3, 3, I, O] += G^T P G for input channel i.
template <class T>
void transform_sums_back(const Conv2dProblem& p, const T* sums, std::ptrdiff_t i, T* dw) {
  using Vector = simd::Vector<T>;
  const std::ptrdiff_t product = std::ptrdiff_t{p.in_channels} * p.out_channels;
  simd::for_each_vector<T>(p.out_channels, [&](auto lanes, std::ptrdiff_t o) {
    Vector s[4][4], g[3][3];
    for (int k = 0; k < winograd_products; ++k)
      s[k / 4][k % 4] = lanes.load(sums + k * product + i * p.out_channels + o);
    transform_square<4, 3>(s, g, [](const auto& x, auto& v) { transform_filter_back(x, v); });
    for (int k = 0; k < 9; ++k) {
      T* const at = dw + k * product + i * p.out_channels + o;
      lanes.store(at, lanes.load(at) + g[k / 3][k % 3]);
    }
  });
}

/// P[k] rows [12 first, 12 last) of one panel += the sums over a group's tiles.
template <class T>
void add_winograd_block(const WinogradWeightPlan<T>& plan, const WinogradWeightScratch<T>& scratch,
                        std::ptrdiff_t tiles, int k, std::ptrdiff_t c, std::ptrdiff_t first,
                        std::ptrdiff_t last) {
  const std::ptrdiff_t in = plan.p.in_channels, out = plan.p.out_channels;
  const bool two = panel_vectors<T>(out - c) == 2;
  const std::ptrdiff_t wide = (two ? 2 : 1) * simd::width<T>;
  T* const to = scratch.sums + k * in * out;
  for (std::ptrdiff_t q = 0; q < tiles; q += winograd_near_tiles)
    for (std::ptrdiff_t i = first; i < last; i += gradient_steps) {
      const PixelSums<T> sums{scratch.inputs + k * tiles * in + i, scratch.at + q,
                              scratch.gradients + k * plan.gradients + c * tiles + q * wide,
                              std::min(winograd_near_tiles, tiles - q)};
      const std::ptrdiff_t count = std::min<std::ptrdiff_t>(gradient_steps, last - i);
      if (two) add_wide_tile<2>(sums, count, to + i * out, out, c);
      else add_wide_tile<1>(sums, count, to + i * out, out, c);
    }
}

template <class T>
void winograd_backward_weight(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x,
                              ValidView valid, View<const T> dy, const T* scale, T* dweight,
                              T* dbias, std::byte* workspace) {
  const WinogradWeightPlan<T> plan(p);
  const WinogradWeightScratch<T> scratch(plan, workspace);
  const std::ptrdiff_t in = p.in_channels, out = p.out_channels, bands = plan.cut.bands();
  parallel_for(context, winograd_products,
               [&](std::ptrdiff_t k) { zero_channels(scratch.sums + k * in * out, in * out); });
  zero_channels(scratch.bias, p.batch * bands * out);
  for (std::ptrdiff_t t = 0; t < plan.tiles; ++t) scratch.at[t] = t * in;
  // Parts of whole register tiles; without dweight only the bias is summed.
  const std::ptrdiff_t parts = std::clamp<std::ptrdiff_t>(in / 96, 1, 8);
  const std::ptrdiff_t rows = divide_up(divide_up(in, parts), gradient_steps) * gradient_steps;
  for (std::ptrdiff_t g = 0; g < plan.cut.count(); ++g) {
    const Group group = plan.cut.group(g);
    const std::ptrdiff_t each = group.rows * plan.columns, tiles = group.images * each;
    Patch patch = tile_patch(p, group.rows);
    patch.top = 2 * group.row - p.padding;
    parallel_for(context, group.images, [&](std::ptrdiff_t n) {
      if (dweight) {
        T* const packed = scratch.patch + n * patch.image_step();
        pack_image(packed, patch, x, group.image + n, SelectValid{valid});
        transform_input_tiles(packed, patch, group.rows, plan.columns, tiles, n * each,
                              scratch.inputs);
      }
      transform_gradient_tiles(
          plan, group, group.image + n, tiles, n * each, dy, scale, scratch.gradients,
          scratch.bias + ((group.image + n) * bands + group.row / plan.cut.rows) * out);
    });
    if (!dweight) continue;
    parallel_for(context, winograd_products * plan.panels * parts, [&](std::ptrdiff_t task) {
      const auto k = static_cast<int>(task / (plan.panels * parts));
      const std::ptrdiff_t c = task / parts % plan.panels * panel_width<T>;
      const std::ptrdiff_t first = task % parts * rows;
      add_winograd_block(plan, scratch, tiles, k, c, first, std::min(first + rows, in));
    });
  }
  if (dweight)
    parallel_for(context, in,
                 [&](std::ptrdiff_t i) { transform_sums_back(p, scratch.sums, i, dweight); });
  if (!dbias) return;
  for (std::ptrdiff_t b = 0; b < p.batch * bands; ++b)
    for (std::ptrdiff_t o = 0; o < out; ++o) dbias[o] += scratch.bias[b * out + o];
}

}  // namespace tessera::kernels::cpu
