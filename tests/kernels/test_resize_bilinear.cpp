// SPDX-License-Identifier: BSD-3-Clause
// Bilinear resizing against plain loops in double; its backward is its transpose.
#include <doctest/doctest.h>

#include <tessera/kernels/resize_bilinear.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

namespace {

/// Weights of output position a: [i].
std::vector<double> weights(int in, int out, int a) {
  std::vector<double> w(static_cast<std::size_t>(in));
  const double s = std::fmax((a + 0.5) * in / out - 0.5, 0);
  const double t = std::floor(s);
  const auto low = static_cast<std::size_t>(t);
  w[low] += 1 - (s - t);
  w[std::min(low + 1, w.size() - 1)] += s - t;
  return w;
}

}  // namespace

TEST_CASE_TEMPLATE("resize_bilinear: against plain loops", T, float, double) {
  struct Sizes {
    int h, w, oh, ow;
  };
  for (const auto& [h, w, oh, ow] : {Sizes{3, 4, 5, 7},
                                     {7, 5, 3, 2},
                                     {1, 1, 4, 3},
                                     {6, 6, 6, 6},
                                     {2, 9, 11, 4},
                                     {13, 1, 1, 1},
                                     {5, 20, 6, 21},
                                     {3, 3, 17, 2}})
    for (const Layout layout : layouts)
      for (const int c : {1, 3, 16, 17}) {
        const int n = 2;
        Field<T> x(n, h, w, c, layout, 1), dy(n, oh, ow, c, Layout::slice, 2);
        std::vector<T> y_before, dx_before;
        for (const int threads : thread_counts) {
          Field<T> y(n, oh, ow, c, layout, 3), dx(n, h, w, c, layout, 4);
          const Context<Cpu> context{threads};
          resize_bilinear_forward(context, x, y.view());
          resize_bilinear_backward(context, dy, dx.view());
          resize_bilinear_backward(context, dy, View<T>{});
          CHECK((y.intact() && dx.intact()));
          if (threads > 1) {
            CHECK((same_bits(y.memory(), y_before) && same_bits(dx.memory(), dx_before)));
            continue;
          }
          y_before = y.memory(), dx_before = dx.memory();
          std::vector<double> expected(static_cast<std::size_t>(n * h * w * c));
          bool good = true;
          for (int i = 0; i < n; ++i)
            for (int a = 0; a < oh; ++a)
              for (int b = 0; b < ow; ++b) {
                const auto of_row = weights(h, oh, a), of_column = weights(w, ow, b);
                for (int o = 0; o < c; ++o) {
                  double sum = 0;
                  for (int row = 0; row < h; ++row)
                    for (int column = 0; column < w; ++column) {
                      const double weight = of_row[static_cast<std::size_t>(row)] *
                                            of_column[static_cast<std::size_t>(column)];
                      sum += weight * static_cast<double>(x.view()(i, row, column, o));
                      expected[static_cast<std::size_t>(((i * h + row) * w + column) * c + o)] +=
                          weight * static_cast<double>(dy.view()(i, a, b, o));
                    }
                  good &= near(y.view()(i, a, b, o), sum);
                }
              }
          CHECK_MESSAGE(good, "y of ", h, "x", w, " to ", oh, "x", ow);
          good = true;
          for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p)
            for (int o = 0; o < c; ++o)
              good &= near(dx.at(p, o), expected[static_cast<std::size_t>(p * c + o)], 64);
          CHECK_MESSAGE(good, "dx of ", h, "x", w, " to ", oh, "x", ow);
        }
      }
}

TEST_CASE("resize_bilinear: no output position is missed by the ranges of the backward") {
  for (int in = 1; in <= 40; ++in)
    for (int out = 1; out <= 90; ++out) {
      const kernels::detail::BilinearAxis axis{in, out};
      for (int a = 0; a < out; ++a) {
        const auto taps = axis.taps(a);
        CHECK((taps.low >= 0 && taps.high < in && taps.share >= 0 && taps.share < 1));
        for (const int i : {taps.low, taps.high})
          if (taps.weight(i) != 0) CHECK((axis.first(i) <= a && a < axis.last(i)));
      }
    }
}
