// SPDX-License-Identifier: BSD-3-Clause
// The holes as a channel: against plain loops, over layouts and threads, NaN in holes not read.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/hole_channel.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("hole channel: forward and backward", T, float, double) {
  std::vector<std::uint8_t> valid(3 * 5 * 7);
  for (std::size_t p = 0; p < valid.size(); ++p) valid[p] = p % 4 == 1 || p % 7 == 2;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (const int threads : thread_counts)
    for (const Layout from : layouts)
      for (const Layout to : layouts)
        for (const int c : {1, 3, 17}) {
          const Context<Cpu> context{threads};
          const ValidView mask{valid.data(), 3, 5, 7, MaskGroups{1, {c}}};
          Field<T> x(3, 5, 7, c, from, 1), y(3, 5, 7, c + 1, to, 2);
          Field<T> dy(3, 5, 7, c + 1, from, 3), dx(3, 5, 7, c, to, 4);
          const auto in_hole = [&](std::ptrdiff_t p) {
            return valid[static_cast<std::size_t>(p)] == 0;
          };
          for (std::ptrdiff_t p = 0; p < 105; ++p)
            if (in_hole(p)) x.at(p, 0) = dy.at(p, 0) = nan;
          for (std::ptrdiff_t p = 0; p < 105; ++p) dy.at(p, c) = nan;
          hole_channel_forward(context, x, mask, y.view());
          hole_channel_backward(context, dy, mask, dx.view());
          for (std::ptrdiff_t p = 0; p < 105; ++p) {
            for (int k = 0; k < c; ++k) {
              CHECK(y.at(p, k) == (in_hole(p) ? 0 : x.at(p, k)));
              CHECK(dx.at(p, k) == (in_hole(p) ? 0 : dy.at(p, k)));
            }
            CHECK(y.at(p, c) == (in_hole(p) ? 1 : 0));
          }
          CHECK((y.intact() && dx.intact()));
          hole_channel_backward(context, dy, mask, View<T>{});  // not wanted
        }
}
