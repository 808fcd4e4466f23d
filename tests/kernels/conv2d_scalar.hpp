// SPDX-License-Identifier: BSD-3-Clause
// Scalar twin of the convolution kernels: the formulas of tessera/kernels/conv2d.hpp as plain loops
// in double. Slow and obvious.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tessera/kernels/conv2d.hpp>

namespace tessera::scalar {

using kernels::Conv2dProblem;

/// Mask plane of a channel at an input pixel; 1 without a mask.
inline bool is_valid(const ValidView& valid, int n, int h, int w, int channel) {
  if (!valid) return true;
  int g = 0;
  while (channel >= valid.groups.channels[g]) channel -= valid.groups.channels[g++];
  return valid.pixel(n, h, w)[g] != 0;
}

/// Calls f(n, h', w', h, w, u, v) for every output pixel, tap and input pixel inside the image.
template <class F>
void for_each_tap(const Conv2dProblem& p, const F& f) {
  for (int n = 0; n < p.batch; ++n)
    for (int a = 0; a < p.out_height; ++a)
      for (int b = 0; b < p.out_width; ++b)
        for (int u = 0; u < p.kernel; ++u)
          for (int v = 0; v < p.kernel; ++v) {
            const int h = p.stride * a - p.padding + u, w = p.stride * b - p.padding + v;
            if (h >= 0 && h < p.in_height && w >= 0 && w < p.in_width) f(n, a, b, h, w, u, v);
          }
}
inline std::size_t output_pixel(const Conv2dProblem& p, int n, int a, int b) {
  return (static_cast<std::size_t>(n) * static_cast<std::size_t>(p.out_height) +
          static_cast<std::size_t>(a)) *
             static_cast<std::size_t>(p.out_width) +
         static_cast<std::size_t>(b);
}
inline std::size_t weight_at(const Conv2dProblem& p, int u, int v, int i, int o) {
  return static_cast<std::size_t>(((u * p.kernel + v) * p.in_channels + i) * p.out_channels + o);
}

/// y [N, H', W', O], contiguous.
template <class T>
std::vector<double> conv2d_forward(const Conv2dProblem& p, View<const T> x, ValidView valid,
                                   const T* weight, const T* bias, const T* scale) {
  const auto channels = static_cast<std::size_t>(p.out_channels);
  std::vector<double> y(output_pixel(p, p.batch, 0, 0) * channels);
  for_each_tap(p, [&](int n, int a, int b, int h, int w, int u, int v) {
    for (int i = 0; i < p.in_channels; ++i) {
      if (!is_valid(valid, n, h, w, i)) continue;
      const double value = x(n, h, w, i);
      double* to = y.data() + output_pixel(p, n, a, b) * channels;
      for (int o = 0; o < p.out_channels; ++o)
        to[o] += value * static_cast<double>(weight[weight_at(p, u, v, i, o)]);
    }
  });
  for (std::size_t k = 0; k < y.size(); ++k) {
    const double factor = scale ? static_cast<double>(scale[k / channels]) : 1.0;
    const double add = bias ? static_cast<double>(bias[k % channels]) : 0.0;
    y[k] = factor == 0.0 ? 0.0 : factor * y[k] + add;
  }
  return y;
}

/// dx [N, H, W, I], contiguous.
template <class T>
std::vector<double> conv2d_backward_input(const Conv2dProblem& p, View<const T> dy, ValidView valid,
                                          const T* weight, const T* scale) {
  const View<double> shape{nullptr, p.batch, p.in_height, p.in_width, p.in_channels, p.in_channels};
  std::vector<double> dx(static_cast<std::size_t>(shape.size()));
  const View<double> out{dx.data(), p.batch, p.in_height, p.in_width, p.in_channels, p.in_channels};
  for_each_tap(p, [&](int n, int a, int b, int h, int w, int u, int v) {
    const double factor = scale ? static_cast<double>(scale[output_pixel(p, n, a, b)]) : 1.0;
    if (factor == 0.0) return;
    for (int i = 0; i < p.in_channels; ++i) {
      if (!is_valid(valid, n, h, w, i)) continue;
      double sum = 0;
      for (int o = 0; o < p.out_channels; ++o)
        sum += static_cast<double>(dy(n, a, b, o)) * weight[weight_at(p, u, v, i, o)];
      out(n, h, w, i) += factor * sum;
    }
  });
  return dx;
}

/// dweight [K, K, I, O].
template <class T>
std::vector<double> conv2d_backward_weight(const Conv2dProblem& p, View<const T> x, ValidView valid,
                                           View<const T> dy, const T* scale) {
  std::vector<double> dw(weight_at(p, p.kernel, 0, 0, 0));
  for_each_tap(p, [&](int n, int a, int b, int h, int w, int u, int v) {
    const double factor = scale ? static_cast<double>(scale[output_pixel(p, n, a, b)]) : 1.0;
    if (factor == 0.0) return;
    for (int i = 0; i < p.in_channels; ++i) {
      if (!is_valid(valid, n, h, w, i)) continue;
      const double value = factor * static_cast<double>(x(n, h, w, i));
      for (int o = 0; o < p.out_channels; ++o)
        dw[weight_at(p, u, v, i, o)] += value * static_cast<double>(dy(n, a, b, o));
    }
  });
  return dw;
}

/// dbias [O].
template <class T>
std::vector<double> conv2d_backward_bias(const Conv2dProblem& p, View<const T> dy, const T* scale) {
  std::vector<double> db(static_cast<std::size_t>(p.out_channels));
  for (std::ptrdiff_t k = 0; k < dy.pixels(); ++k) {
    if (scale && scale[k] == T(0)) continue;
    for (std::size_t o = 0; o < db.size(); ++o) db[o] += static_cast<double>(dy.pixel(k)[o]);
  }
  return db;
}

/// Valid input elements of every output pixel's window.
inline std::vector<int> partial_conv2d_counts(const Conv2dProblem& p, const ValidView& valid) {
  std::vector<int> counts(output_pixel(p, p.batch, 0, 0));
  for_each_tap(p, [&](int n, int a, int b, int h, int w, int, int) {
    for (int i = 0; i < p.in_channels; ++i)
      counts[output_pixel(p, n, a, b)] += is_valid(valid, n, h, w, i);
  });
  return counts;
}

}  // namespace tessera::scalar
