// SPDX-License-Identifier: BSD-3-Clause
// The mask path of a partial convolution on the CPU: with c_g channels and a window box_g of valid
// pixels per group,  sum = sum_g c_g * box_g,  scale = K*K*I / sum or 0,  y_valid = [sum > 0].
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {
namespace cpu {

/// Valid input elements of the window of output pixel (n, h, w); padding counts as hole.
inline std::int64_t count_valid(const Conv2dProblem& p, const ValidView& valid, int n, int h,
                                int w) {
  const int h0 = std::max(h * p.stride - p.padding, 0);
  const int h1 = std::min(h * p.stride - p.padding + p.kernel, p.in_height);
  const int w0 = std::max(w * p.stride - p.padding, 0);
  const int w1 = std::min(w * p.stride - p.padding + p.kernel, p.in_width);
  const int groups = valid ? valid.groups.count : 0;
  if (h0 >= h1 || w0 >= w1) return 0;
  if (!valid) return std::int64_t{h1 - h0} * (w1 - w0) * p.in_channels;
  std::int64_t sum = 0;
  for (int i = h0; i < h1; ++i) {
    const std::uint8_t* row = valid.pixel(n, i, w0);
    for (int g = 0; g < groups; ++g) {
      std::int64_t box = 0;
      for (int j = 0; j < w1 - w0; ++j) box += row[j * groups + g] != 0;
      sum += box * valid.groups.channels[g];
    }
  }
  return sum;
}

}  // namespace cpu

template <class T>
void partial_conv2d_mask(const Context<Cpu>& context, const Conv2dProblem& p, ValidView x_valid,
                         T* scale, MutableValidView y_valid) {
  const T window = static_cast<T>(std::int64_t{p.kernel} * p.kernel * p.in_channels);
  parallel_for(context, std::ptrdiff_t{p.batch} * p.out_height, [&](std::ptrdiff_t row) {
    const int n = static_cast<int>(row / p.out_height), h = static_cast<int>(row % p.out_height);
    for (int w = 0; w < p.out_width; ++w) {
      const std::int64_t sum = cpu::count_valid(p, x_valid, n, h, w);
      const std::ptrdiff_t at = row * p.out_width + w;
      scale[at] = sum > 0 ? window / static_cast<T>(sum) : T(0);
      y_valid.data[at] = sum > 0;
    }
  });
}

}  // namespace tessera::kernels
