// SPDX-License-Identifier: BSD-3-Clause
// Sizes, scratch and packing of the weight gradient: the selected input as zero-padded images,
// dy as panels [pixels, two vectors of o] times scale, and on the way the sums for the bias.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/gradient_tile.hpp>
#include <tessera/kernels/cpu/conv2d/pack.hpp>
#include <tessera/kernels/cpu/conv2d/weight_plan.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

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
                         const Patch& patch, View<const T> x, ValidView valid, View<const T> dy,
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
