// SPDX-License-Identifier: BSD-3-Clause
// Composites and their gradient, pixel by pixel, in every layout; NaN in what is not selected.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/composite.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("composite and composite_backward", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const Shape sizes[] = {{3, 5, 3}, {1, 1, 17}, {65, 64, 3}};
  for (const Layout layout : layouts)
    for (const Shape& s : sizes)
      for (const int threads : thread_counts) {
        Field<T> y(2, s.height, s.width, s.channels, layout, 1);
        Field<T> t(2, s.height, s.width, s.channels, Layout::misaligned, 2);
        Field<T> z(2, s.height, s.width, s.channels, layout, 3);
        Field<T> dz(2, s.height, s.width, s.channels, Layout::slice, 4);
        Field<T> dy(2, s.height, s.width, s.channels, layout, 5), before = dy;
        std::vector<std::uint8_t> hole(static_cast<std::size_t>(2 * s.pixels()));
        RandomStream random(Seed{4}, 0);
        for (auto& h : hole) h = static_cast<std::uint8_t>(255 * random.integer(0, 2));
        for (std::size_t p = 0; p < hole.size(); ++p) {
          const auto i = static_cast<std::ptrdiff_t>(p);
          (hole[p] ? t : y).at(i, 0) = nan;
          if (!hole[p]) dz.at(i, 0) = nan;
        }
        composite(Context<Cpu>{threads}, y, t, make_hole_view(hole.data(), 2, s), z.view());
        composite_backward(Context<Cpu>{threads}, dz, make_hole_view(hole.data(), 2, s), dy.view());
        bool same = true;
        for (std::ptrdiff_t p = 0; p < z.view().pixels(); ++p)
          for (int c = 0; c < s.channels; ++c) {
            const bool h = hole[static_cast<std::size_t>(p)] != 0;
            same &= z.at(p, c) == (h ? y : t).at(p, c);
            same &= dy.at(p, c) == (h ? before.at(p, c) + dz.at(p, c) : before.at(p, c));
          }
        CHECK(same);
        CHECK(z.intact());
        CHECK(dy.intact());
      }
}
