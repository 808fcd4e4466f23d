// SPDX-License-Identifier: BSD-3-Clause
// Scalar twins of the terms of feature losses, by their definitions.
#pragma once
#include <cmath>
#include <vector>

#include <tessera/losses/detail/feature_terms.hpp>

namespace tessera::test {

/// sum over pixels of x[n, p, c] x[m, p, d].
inline double naive_gram(View<const double> x, int n, int c, int m, int d) {
  double sum = 0;
  for (int h = 0; h < x.height; ++h)
    for (int w = 0; w < x.width; ++w) sum += x(n, h, w, c) * x(m, h, w, d);
  return sum;
}

inline double naive_perceptual(View<const double> a, View<const double> b) {
  double sum = 0;
  for (std::ptrdiff_t p = 0; p < a.pixels(); ++p)
    for (int c = 0; c < a.channels; ++c) sum += std::abs(a.pixel(p)[c] - b.pixel(p)[c]);
  return sum / static_cast<double>(a.size());
}

inline double naive_style(StyleForm form, bool merge_batch, View<const double> a,
                          View<const double> b) {
  double sum = 0, entries = 0;
  for (int n = 0; n < a.batch; ++n)
    for (int m = 0; m < a.batch; ++m) {
      if (!merge_batch && n != m) continue;
      for (int c = 0; c < a.channels; ++c)
        for (int d = 0; d < a.channels; ++d) {
          const double e = naive_gram(a, n, c, m, d) - naive_gram(b, n, c, m, d);
          sum += form == StyleForm::absolute ? std::abs(e) : e * e;
          ++entries;
        }
    }
  const double pixels = a.height * a.width, channels = a.channels;
  if (form == StyleForm::absolute) return sum / entries / (channels * pixels);
  const double matrices = merge_batch ? 1 : a.batch;
  return sum / (4 * channels * channels * pixels * pixels * matrices);
}

}  // namespace tessera::test
