// SPDX-License-Identifier: BSD-3-Clause
// Average pooling against plain loops in double, in every layout, with any number of threads.
#include <doctest/doctest.h>

#include <tessera/kernels/avg_pool.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("avg_pool: against plain loops", T, float, double) {
  for (const Layout layout : layouts)
    for (const int c : channel_counts)
      for (const auto& [k, s] : {std::pair{2, 2}, {3, 2}, {3, 1}, {2, 3}, {1, 1}, {1, 2}, {5, 4}}) {
        const int n = 2, h = 8, w = 7, oh = (h - k) / s + 1, ow = (w - k) / s + 1;
        Field<T> x(n, h, w, c, layout, 1), dy(n, oh, ow, c, Layout::slice, 2);
        std::vector<T> y_before, dx_before;
        for (const int threads : thread_counts) {
          Field<T> y(n, oh, ow, c, layout, 3), dx(n, h, w, c, layout, 4);
          const Context<Cpu> context{threads};
          avg_pool_forward(context, k, s, x, y.view());
          avg_pool_backward(context, k, s, dy, dx.view());
          avg_pool_backward(context, k, s, dy, View<T>{});
          CHECK((y.intact() && dx.intact()));
          if (threads > 1) {
            CHECK((same_bits(y.memory(), y_before) && same_bits(dx.memory(), dx_before)));
            continue;
          }
          y_before = y.memory(), dx_before = dx.memory();
          std::vector<double> expected(static_cast<std::size_t>(n * h * w * c));
          for (int i = 0; i < n; ++i)
            for (int a = 0; a < oh; ++a)
              for (int b = 0; b < ow; ++b)
                for (int o = 0; o < c; ++o) {
                  double sum = 0;
                  for (int u = 0; u < k; ++u)
                    for (int v = 0; v < k; ++v) {
                      const int row = a * s + u, column = b * s + v;
                      sum += static_cast<double>(x.view()(i, row, column, o));
                      expected[static_cast<std::size_t>(((i * h + row) * w + column) * c + o)] +=
                          static_cast<double>(dy.view()(i, a, b, o)) / (k * k);
                    }
                  CHECK(near(y.view()(i, a, b, o), sum / (k * k)));
                }
          for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p)
            for (int o = 0; o < c; ++o)
              CHECK(near(dx.at(p, o), expected[static_cast<std::size_t>(p * c + o)]));
        }
      }
}
