// SPDX-License-Identifier: BSD-3-Clause
// Normalisation by constants against plain loops, in place too.
#include <doctest/doctest.h>

#include <tessera/kernels/normalize.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("normalize: against plain loops, in place too", T, float, double) {
  constexpr double mean[]{0.5, -0.25, 3, 0}, deviation[]{0.229, 2, 0.5, 10};
  for (const int threads : thread_counts)
    for (const Layout layout : layouts)
      for (const int c : {1, 3, 4}) {
        const int n = 2, h = 65, w = 67;  // three tasks
        Field<T> x(n, h, w, c, layout, 1), y(n, h, w, c, Layout::slice, 2), dx = y, z = x;
        const Context<Cpu> context{threads};
        normalize_forward(context, mean, deviation, x, y.view());
        normalize_backward(context, deviation, x, dx.view());
        normalize_backward(context, deviation, x, View<T>{});
        normalize_forward(context, mean, deviation, z, z.view());
        CHECK((y.intact() && dx.intact() && z.intact()));
        bool good = true;
        for (std::ptrdiff_t p = 0; p < x.view().pixels(); ++p)
          for (int o = 0; o < c; ++o) {
            const T m = static_cast<T>(mean[o]), d = static_cast<T>(deviation[o]);
            good &= y.at(p, o) == (x.at(p, o) - m) / d && z.at(p, o) == y.at(p, o) &&
                    dx.at(p, o) == x.at(p, o) / d;
          }
        CHECK(good);
      }
}
