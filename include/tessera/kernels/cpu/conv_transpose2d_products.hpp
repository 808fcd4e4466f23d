// SPDX-License-Identifier: BSD-3-Clause
// Transposed convolution of few pixels with many weights, as matrix products: a pixel's columns are
// the positions of y under its window, tap by tap, [taps, O].
//
//   forward:          columns = x w^T, and y gathers them     [pixels, taps O] = [pixels, I] [taps
//   O, I]^T weight gradient:  dw += columns(dy)^T x
//
// The tiled kernels reorder all weights first, which costs more than the products do where each
// weight is used a few times only. Taps that lie outside of y for every pixel are left out.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tessera/kernels/conv2d.hpp>
#include <tessera/kernels/cpu/conv2d/pack.hpp>
#include <tessera/kernels/cpu/gemm.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// Whether products are faster: at most a pixel for 8192 weights, as measured. By shape alone.
constexpr bool products_pay(const Conv2dProblem& p) {
  return std::int64_t{p.batch} * p.out_height * p.out_width * 8192 <=
         std::int64_t{p.kernel} * p.kernel * p.in_channels * p.out_channels;
}

/// The same for forward, where tiles over y do K K / S S products for each of its pixels, products
/// over x only K K for each of its own: of small maps and stride 1 that is half, as measured.
constexpr bool forward_products_pay(const Conv2dProblem& p) {
  const std::int64_t x = std::int64_t{p.out_height} * p.out_width * p.stride * p.stride,
                     y = std::int64_t{p.in_height} * p.in_width;
  return products_pay(p) || (p.kernel > 1 && 2 * y >= 3 * x);
}

/// Taps [first, last) along one axis that lie inside of y for some position of x.
struct TapRange {
  std::ptrdiff_t first, last;
  constexpr std::ptrdiff_t count() const { return last - first; }
};
constexpr TapRange used_taps(const Conv2dProblem& p, std::ptrdiff_t in, std::ptrdiff_t out) {
  return {std::max<std::ptrdiff_t>(0, p.padding - p.stride * (out - 1)),
          std::min<std::ptrdiff_t>(p.kernel, in + p.padding)};
}

/// The columns of all pixels of x; p is the convolution turned round: its input is y.
struct ColumnsPlan {
  Conv2dProblem p;
  TapRange rows, columns;
  std::ptrdiff_t pixels = 0, width = 0;  // of x; elements of a pixel's columns

  constexpr explicit ColumnsPlan(const Conv2dProblem& problem)
      : p(problem),
        rows(used_taps(p, p.in_height, p.out_height)),
        columns(used_taps(p, p.in_width, p.out_width)),
        pixels(std::ptrdiff_t{p.batch} * p.out_height * p.out_width),
        width(rows.count() * columns.count() * p.in_channels) {}

  template <class T>
  constexpr std::size_t bytes() const {
    return aligned_size(static_cast<std::size_t>(pixels * width) * sizeof(T));
  }
  /// Products that cover the taps: one where all columns of taps are used, else one a row of taps.
  constexpr bool whole() const { return columns.count() == p.kernel; }
  constexpr std::ptrdiff_t products() const { return whole() ? 1 : rows.count(); }
  constexpr std::ptrdiff_t product_width() const { return width / products(); }
  /// Where the weights of product i begin.
  constexpr std::ptrdiff_t weights(std::ptrdiff_t i) const {
    return ((rows.first + i) * p.kernel + columns.first) * p.in_channels * p.out_channels;
  }
};

/// y = bias + the sum of its columns, tap by tap in one order. One task a row of y.
template <class T>
void gather_columns(const Context<Cpu>& context, const ColumnsPlan& plan, const T* columns,
                    const T* bias, View<T> y) {
  const Conv2dProblem& p = plan.p;
  const std::ptrdiff_t channels = p.in_channels, stride = p.stride;
  parallel_for(context, std::ptrdiff_t{p.batch} * p.in_height, [&](std::ptrdiff_t task) {
    const std::ptrdiff_t n = task / p.in_height, h = task % p.in_height;
    for (std::ptrdiff_t w = 0; w < p.in_width; ++w) {
      T* const to = y.pixel(task * p.in_width + w);
      if (bias) copy_channels(to, bias, channels);
      else zero_channels(to, channels);
      for (std::ptrdiff_t u = plan.rows.first; u < plan.rows.last; ++u) {
        const std::ptrdiff_t i = h + p.padding - u;
        if (i < 0 || i % stride != 0 || i / stride >= p.out_height) continue;
        for (std::ptrdiff_t v = plan.columns.first; v < plan.columns.last; ++v) {
          const std::ptrdiff_t j = w + p.padding - v;
          if (j < 0 || j % stride != 0 || j / stride >= p.out_width) continue;
          const std::ptrdiff_t pixel = (n * p.out_height + i / stride) * p.out_width + j / stride;
          const T* const from =
              columns + pixel * plan.width +
              ((u - plan.rows.first) * plan.columns.count() + v - plan.columns.first) * channels;
          simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t c) {
            lanes.store(to + c, lanes.load(to + c) + lanes.load(from + c));
          });
        }
      }
    }
  });
}

/// The columns of dy; 0 where a tap lies outside. One task a pixel of x.
template <class T>
void spread_columns(const Context<Cpu>& context, const ColumnsPlan& plan, View<const T> dy,
                    T* columns) {
  const Conv2dProblem& p = plan.p;
  const std::ptrdiff_t channels = p.in_channels;
  parallel_for(context, plan.pixels, [&](std::ptrdiff_t pixel) {
    const std::ptrdiff_t j = pixel % p.out_width, i = pixel / p.out_width % p.out_height;
    const std::ptrdiff_t n = pixel / p.out_width / p.out_height;
    T* to = columns + pixel * plan.width;
    for (std::ptrdiff_t u = plan.rows.first; u < plan.rows.last; ++u)
      for (std::ptrdiff_t v = plan.columns.first; v < plan.columns.last; ++v, to += channels) {
        const std::ptrdiff_t h = i * p.stride - p.padding + u, w = j * p.stride - p.padding + v;
        if (h < 0 || h >= p.in_height || w < 0 || w >= p.in_width) zero_channels(to, channels);
        else copy_channels(to, dy.pixel((n * p.in_height + h) * p.in_width + w), channels);
      }
  });
}

template <class T>
void forward_by_products(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x,
                         const T* weight, const T* bias, View<T> y, std::byte* workspace) {
  const ColumnsPlan plan(p);
  T* const columns = reinterpret_cast<T*>(workspace);
  const std::ptrdiff_t width = plan.product_width();
  for (std::ptrdiff_t i = 0; i < plan.products(); ++i)
    gemm(context, Transpose::no, Transpose::yes, plan.pixels, width, p.out_channels, T(1), x.data,
         x.stride, weight + plan.weights(i), p.out_channels, T(0), columns + i * width, plan.width);
  gather_columns(context, plan, static_cast<const T*>(columns), bias, y);
}

template <class T>
void weight_by_products(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x,
                        View<const T> dy, T* dweight, std::byte* workspace) {
  const ColumnsPlan plan(p);
  T* const columns = reinterpret_cast<T*>(workspace);
  spread_columns(context, plan, dy, columns);
  const std::ptrdiff_t width = plan.product_width();
  for (std::ptrdiff_t i = 0; i < plan.products(); ++i)
    gemm(context, Transpose::yes, Transpose::no, width, p.out_channels, plan.pixels, T(1),
         static_cast<const T*>(columns) + i * width, plan.width, x.data, x.stride, T(1),
         dweight + plan.weights(i), p.out_channels);
}

}  // namespace tessera::kernels::cpu
