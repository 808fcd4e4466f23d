// SPDX-License-Identifier: BSD-3-Clause
// Structural similarity of two images, as a map and as means over it.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/tensor.hpp>

namespace tessera {

inline constexpr int ssim_window = 11, ssim_border = ssim_window / 2;

namespace detail {

/// exp(-d^2 / (2 1.5^2)) for d = -5 ... 5, with sum 1.
inline std::array<double, ssim_window> ssim_weights() {
  std::array<double, ssim_window> weights{};
  double sum = 0;
  for (int i = 0; i < ssim_window; ++i) {
    const double d = i - ssim_border;
    sum += weights[static_cast<std::size_t>(i)] = std::exp(-d * d / (2 * 1.5 * 1.5));
  }
  for (double& w : weights) w /= sum;
  return weights;
}

/// (2 m_a m_b + c1)(2 s_ab + c2) / ((m_a^2 + m_b^2 + c1)(s_aa + s_bb + c2)) from the weighted means
/// of a, b, a^2, b^2, a b.
inline double ssim_of_means(const double* m) {
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  const double ab = m[0] * m[1], aa = m[0] * m[0], bb = m[1] * m[1];
  return (2 * ab + c1) * (2 * (m[4] - ab) + c2) / ((aa + bb + c1) * (m[2] - aa + m[3] - bb + c2));
}

}  // namespace detail

/// SSIM of images a and b `[N, H, W, C]` with values in [0, 1], at every position whose window lies
/// within the image: `[N, H - 10, W - 10, 1]`, the mean over the channels. Element (y, x) belongs
/// to pixel (y + 5, x + 5); the 5 pixels along each border have no value, as in most programs, so
/// no border is made up. Window 11x11 Gaussian, sigma 1.5; C1 = 0.01^2, C2 = 0.03^2; variances of
/// the window, not of a sample. Source: [wang2004].
/// Errors: ShapeError if the shapes differ or a side is below 11 pixels.
template <class T>
Tensor<double> ssim_map(const Context<Cpu>& context, View<const T> a, View<const float> b) {
  if (a.batch != b.batch || a.shape() != b.shape())
    throw ShapeError("ssim: expected two sets of one shape, got " + std::to_string(a.batch) +
                     " images of " + to_string(a.shape()) + " and " + std::to_string(b.batch) +
                     " of " + to_string(b.shape()));
  if (a.height < ssim_window || a.width < ssim_window)
    throw ShapeError("ssim: expected images of at least 11x11 pixels, got " + to_string(a.shape()));
  const std::array<double, ssim_window> weights = detail::ssim_weights();
  Tensor<double> map(a.batch, {a.height - 2 * ssim_border, a.width - 2 * ssim_border, 1});
  constexpr int block = 16;  // rows of one task
  const int rows = map.shape().height, columns = map.shape().width, channels = a.channels;
  const int blocks = (rows + block - 1) / block;
  parallel_for(context, std::ptrdiff_t{a.batch} * blocks, [&](std::ptrdiff_t task) {
    const int n = static_cast<int>(task / blocks), first = static_cast<int>(task % blocks) * block;
    const std::ptrdiff_t line = std::ptrdiff_t{a.width} * channels;
    Buffer<double> sums(static_cast<std::size_t>(5 * line));  // [W, C, 5] of one row of windows
    for (int y = first; y < std::min(rows, first + block); ++y) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (int k = 0; k < ssim_window; ++k) {
        const double weight = weights[static_cast<std::size_t>(k)];
        double* s = sums.data();
        for (int x = 0; x < a.width; ++x) {
          const T* const pa = a.pixel(n, y + k, x);      // [C]
          const float* const pb = b.pixel(n, y + k, x);  // [C]
          for (int c = 0; c < channels; ++c, s += 5) {
            const double va = static_cast<double>(pa[c]), vb = static_cast<double>(pb[c]);
            s[0] += weight * va;
            s[1] += weight * vb;
            s[2] += weight * va * va;
            s[3] += weight * vb * vb;
            s[4] += weight * va * vb;
          }
        }
      }
      for (int x = 0; x < columns; ++x) {
        double sum = 0;
        for (int c = 0; c < channels; ++c) {
          double means[5]{};
          for (int k = 0; k < ssim_window; ++k) {
            const double* const s = sums.data() + 5 * ((x + k) * channels + c);
            for (int m = 0; m < 5; ++m) means[m] += weights[static_cast<std::size_t>(k)] * s[m];
          }
          sum += detail::ssim_of_means(means);
        }
        *map.view().pixel(n, y, x) = sum / channels;
      }
    }
  });
  return map;
}

}  // namespace tessera
