// SPDX-License-Identifier: BSD-3-Clause
// Transposed convolution on the CPU: the three kernels of the convolution with their roles
// exchanged, and the bias. Few pixels with many weights go through matrix products instead.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>

#include <tessera/kernels/conv_transpose2d.hpp>
#include <tessera/kernels/cpu/column_sums.hpp>
#include <tessera/kernels/conv2d.hpp>
#include <tessera/kernels/cpu/conv_transpose2d_plan.hpp>
#include <tessera/kernels/cpu/conv_transpose2d_products.hpp>
#include <tessera/kernels/cpu/rows.hpp>

namespace tessera::inline TESSERA_ABI::kernels {
namespace cpu {

/// y[p, o] += bias[o].
template <class T>
void add_bias(const Context<Cpu>& context, const T* bias, View<T> y) {
  const std::ptrdiff_t step = std::max<std::ptrdiff_t>(1, chunk_elements / y.channels);
  for_each_range(context, y.pixels(), step, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p) {
      T* const to = y.pixel(p);
      simd::for_each_vector<T>(y.channels, [&](auto lanes, std::ptrdiff_t c) {
        lanes.store(to + c, lanes.load(to + c) + lanes.load(bias + c));
      });
    }
  });
}

/// Sums of dy over pixels, chunk by chunk in T, then in order in double.
template <class T>
void add_bias_gradient(const Context<Cpu>& context, View<const T> dy, T* dbias,
                       std::byte* workspace) {
  double* const partial = reinterpret_cast<double*>(workspace);  // [chunks][C]
  const std::ptrdiff_t channels = dy.channels, chunk = bias_chunk(dy.pixels());
  for_each_range(context, dy.pixels(), chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    for (std::ptrdiff_t c0 = 0; c0 < channels; c0 += column_block) {
      const std::ptrdiff_t count = std::min(column_block, channels - c0);
      double* const sum = partial + first / chunk * channels + c0;
      std::fill_n(sum, count, 0.0);
      for (std::ptrdiff_t p = first; p < last; p += 256) {
        ColumnSums<T, 1> part;
        column_sums<T, 1>(p, std::min(p + 256, last), count, part, [&](auto lanes, auto q, auto c) {
          return std::array{lanes.load(dy.pixel(q) + c0 + c)};
        });
        for (std::ptrdiff_t c = 0; c < count; ++c)
          sum[c] += static_cast<double>(part[0][static_cast<std::size_t>(c)]);
      }
    }
  });
  for (std::ptrdiff_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (std::ptrdiff_t i = 0; i < ceil_div(dy.pixels(), chunk); ++i)
      sum += partial[i * channels + c];
    dbias[c] += static_cast<T>(sum);
  }
}

}  // namespace cpu

template <int Kernel, int Stride, class T>
void conv_transpose2d_forward(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x,
                              const T* weight, const T* bias, View<T> y, std::byte* workspace) {
  if (cpu::forward_products_pay(p))
    return cpu::forward_by_products(context, p, x, weight, bias, y, workspace);
  conv2d_backward_input<Kernel, Stride>(context, p, x, ValidView{}, weight,
                                        static_cast<const T*>(nullptr), y, workspace);
  if (bias) cpu::add_bias(context, bias, y);
}

template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_input(const Context<Cpu>& context, const Conv2dProblem& p,
                                     View<const T> dy, const T* weight, View<T> dx,
                                     std::byte* workspace) {
  const T* const none = nullptr;
  conv2d_forward<Kernel, Stride>(context, p, dy, ValidView{}, weight, none, none, dx, workspace);
}

template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_weight(const Context<Cpu>& context, const Conv2dProblem& p,
                                      View<const T> x, View<const T> dy, T* dweight, T* dbias,
                                      std::byte* workspace) {
  if (dweight && cpu::products_pay(p))
    cpu::weight_by_products(context, p, x, dy, dweight, workspace);
  else if (dweight)
    conv2d_backward_weight<Kernel, Stride>(context, p, dy, ValidView{}, x,
                                           static_cast<const T*>(nullptr), dweight,
                                           static_cast<T*>(nullptr), workspace);
  if (dbias) cpu::add_bias_gradient(context, dy, dbias, workspace);
}

}  // namespace tessera::kernels
