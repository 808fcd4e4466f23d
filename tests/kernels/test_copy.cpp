// SPDX-License-Identifier: BSD-3-Clause
// Copies, sums and masks of views.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/copy.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("copy: copy, add, add_into, fill_zero on all layouts", T, float, double) {
  for (int threads : thread_counts)
    for (Layout from : layouts)
      for (Layout to : layouts)
        for (int c : channel_counts) {
          const Context<Cpu> context{threads};
          Field<T> a(3, 5, 7, c, from, 1), b(3, 5, 7, c, from, 2), y(3, 5, 7, c, to, 3);
          Field<T> sum(3, 5, 7, c, to, 4), z = a;
          sum.fill(std::numeric_limits<T>::quiet_NaN());
          copy(context, a, y.view());
          fill_zero(context, sum.view());
          add_into(context, b, sum.view());
          add_into(context, a, sum.view());
          add(context, z, b, z.view());  // in place
          for (std::ptrdiff_t p = 0; p < 105; ++p)
            for (int k = 0; k < c; ++k) {
              CHECK(y.at(p, k) == a.at(p, k));
              CHECK(sum.at(p, k) == a.at(p, k) + b.at(p, k));
              CHECK(z.at(p, k) == sum.at(p, k));
            }
          CHECK((y.intact() && sum.intact() && z.intact()));
          multiply(context, a, b, y.view());
          for (std::ptrdiff_t p = 0; p < 105; ++p)
            for (int k = 0; k < c; ++k) CHECK(y.at(p, k) == a.at(p, k) * b.at(p, k));
          CHECK(y.intact());
          multiply(context, a, b, b.view());  // in place
          CHECK(b.at(3, 0) == y.at(3, 0));
          copy(context, a, y.view());
          add(context, a, a, a.view());
          CHECK(a.at(3, 0) == y.at(3, 0) + y.at(3, 0));
        }
}

TEST_CASE("copy: large views use several chunks") {
  Field<float> x(1, 200, 300, 3), y(1, 200, 300, 3, Layout::misaligned, 2);
  copy(Context<Cpu>{3}, x, y.view());
  bool equal = true;
  for (std::ptrdiff_t p = 0; p < 60000; ++p) equal = equal && x.at(p, 2) == y.at(p, 2);
  CHECK(equal);
}

TEST_CASE("copy: masks are concatenated and intersected") {
  using Bytes = std::vector<std::uint8_t>;
  const Bytes a{1, 0, 1}, b{1, 1, 0, 0, 0, 1};
  const MaskGroups one{1, {2}}, two{2, {3, 4}}, three{3, {2, 3, 4}};
  const ValidView av{a.data(), 1, 1, 3, one}, bv{b.data(), 1, 1, 3, two};
  Bytes joined(9, 7), both(6, 7);
  concatenate_masks(Context<Cpu>{2}, av, bv, {joined.data(), 1, 1, 3, three});
  CHECK(joined == Bytes{1, 1, 1, 0, 0, 0, 1, 0, 1});
  const Bytes c{1, 0, 1, 0, 1, 1};
  intersect_masks(Context<Cpu>{2}, {c.data(), 1, 1, 3, two}, bv, {both.data(), 1, 1, 3, two});
  CHECK(both == Bytes{1, 0, 0, 0, 0, 1});
}
