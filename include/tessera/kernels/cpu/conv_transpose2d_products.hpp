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

#include <tessera/kernels/cpu/conv_transpose2d_plan.hpp>
#include <tessera/kernels/cpu/conv2d/pack.hpp>
#include <tessera/kernels/cpu/gemm.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

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
