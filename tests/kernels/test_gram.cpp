// SPDX-License-Identifier: BSD-3-Clause
// Gram matrices and their gradient against the definition, for each image and for a whole batch.
#include <doctest/doctest.h>

#include <tessera/kernels/gram.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("gram and gram_backward: against the definition", T, float, double) {
  struct Case {
    int batch, together, height, width, channels;
  };
  const Case cases[] = {{1, 1, 3, 5, 4}, {3, 1, 4, 3, 17}, {2, 2, 5, 3, 3},
                        {4, 2, 1, 7, 5}, {3, 3, 1, 1, 33}, {2, 1, 9, 9, 1}};
  for (const Layout layout : layouts)
    for (const Case& s : cases)
      for (const int threads : {1, 3}) {
        Field<T> x(s.batch, s.height, s.width, s.channels, layout, 1);
        Field<T> dx(s.batch, s.height, s.width, s.channels, layout, 2), before = dx;
        const int c = s.channels, side = s.together * c, pixels = s.height * s.width;
        const auto size = static_cast<std::size_t>(gram_size(s.batch, c, s.together));
        REQUIRE(size == static_cast<std::size_t>(s.batch / s.together * side * side));
        std::vector<T> g(size, T(99)), slope(size);
        RandomStream random(Seed{3}, 0);
        const auto at = [&](int m, int i, int j) {
          return static_cast<std::size_t>((m * side + i) * side + j);
        };
        for (int m = 0; m < s.batch / s.together; ++m)
          for (int i = 0; i < side; ++i)
            for (int j = 0; j <= i; ++j)
              slope[at(m, i, j)] = slope[at(m, j, i)] = static_cast<T>(random.normal());
        const Context<Cpu> context{threads};
        gram(context, x, s.together, g.data());
        gram_backward(context, x, s.together, slope.data(), dx.view());
        const auto value = [&](int m, int i, int p) {  // row i of matrix m at pixel p
          return static_cast<double>(x.at((m * s.together + i / c) * pixels + p, i % c));
        };
        for (int m = 0; m < s.batch / s.together; ++m)
          for (int i = 0; i < side; ++i) {
            for (int j = 0; j < side; ++j) {
              double sum = 0;
              for (int p = 0; p < pixels; ++p) sum += value(m, i, p) * value(m, j, p);
              CHECK(near(g[at(m, i, j)], sum, 64));
            }
            for (int p = 0; p < pixels; ++p) {
              const std::ptrdiff_t q = (m * s.together + i / c) * pixels + p;
              double sum = static_cast<double>(before.at(q, i % c));
              for (int j = 0; j < side; ++j)
                sum += 2 * static_cast<double>(slope[at(m, i, j)]) * value(m, j, p);
              CHECK(near(dx.at(q, i % c), sum, 256));
            }
          }
        CHECK(dx.intact());
      }
}

TEST_CASE("gram: threads give the same bits") {
  for (const int together : {1, 3}) {
    Field<float> x(3, 19, 17, 40, Layout::slice), dx(3, 19, 17, 40, Layout::slice, 2);
    std::vector<float> first;
    std::vector<std::vector<float>> gradient;
    for (const int threads : thread_counts) {
      std::vector<float> g(static_cast<std::size_t>(gram_size(3, 40, together)));
      Field<float> d = dx;
      gram(Context<Cpu>{threads}, x, together, g.data());
      gram_backward(Context<Cpu>{threads}, x, together, g.data(), d.view());
      if (threads == 1) first = g;
      CHECK(same_bits(first, g));
      gradient.push_back(d.memory());
      CHECK(same_bits(gradient[0], gradient.back()));
    }
  }
}
