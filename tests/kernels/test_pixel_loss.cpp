// SPDX-License-Identifier: BSD-3-Clause
// Pixel losses against plain loops: regions, NaN outside them, layouts, threads.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/kernels/pixel_loss.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::kernels;
using namespace tessera::test;

TEST_CASE_TEMPLATE("pixel_loss: sums and gradients against plain loops", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (Layout layout : layouts)
    for (int c : channel_counts)
      for (Region region : {Region::whole, Region::hole, Region::valid})
        for (const bool square : {true, false}) {
          Field<T> y(2, 9, 7, c, layout, 1), t(2, 9, 7, c, Layout::contiguous, 2);
          Field<T> dy(2, 9, 7, c, layout, 3);
          std::vector<std::uint8_t> hole(126);
          RandomStream random(Seed{4}, 0);
          for (auto& h : hole) h = random.integer(0, 3) == 0;
          auto inside = [&](std::ptrdiff_t p) {
            const bool h = hole[static_cast<std::size_t>(p)];
            return region == Region::whole || h == (region == Region::hole);
          };
          for (std::ptrdiff_t p = 0; p < 126; ++p)
            if (!inside(p)) y.at(p, c - 1) = nan, t.at(p, 0) = nan;
          y.at(5, 0) = t.at(5, 0);
          Field<T> before = dy;
          std::vector<std::byte> workspace(pixel_loss_workspace(2, {9, 7, c}));
          const HoleView all{hole.data(), 2, 9, 7};
          const HoleView plane = region == Region::whole ? HoleView{} : all;
          const auto run = [&](int threads, View<T> gradient) {
            const auto with = [&](const auto& f) {
              return pixel_loss(Context<Cpu>{threads}, f, region, y, t, plane, 0.5, gradient,
                                workspace.data());
            };
            return square ? with(SquaredError{}) : with(AbsoluteError{});
          };
          const double loss = run(1, dy.view()), value = run(3, View<T>{});
          double want = 0;
          std::int64_t pixels = 0;
          for (std::ptrdiff_t p = 0; p < 126; ++p) {
            pixels += inside(p);
            for (int k = 0; k < c; ++k) {
              double slope = 0;
              if (inside(p)) {
                const double d = static_cast<double>(y.at(p, k)) - static_cast<double>(t.at(p, k));
                want += square ? d * d : std::fabs(d);
                slope = square ? 2 * d : double((d > 0) - (d < 0));
              }
              CHECK(near(dy.at(p, k), static_cast<double>(before.at(p, k)) + 0.5 * slope));
            }
          }
          CHECK(near(static_cast<T>(loss), want));
          CHECK(value == loss);
          CHECK(region_pixels(region, all, 126) == pixels);
          CHECK(dy.intact());
        }
}

TEST_CASE("pixel_loss: NaN inside the region shows; threads give the same bits") {
  Field<float> y(3, 64, 64, 3, Layout::slice), t(3, 64, 64, 3, Layout::slice, 2);
  std::vector<std::byte> workspace(pixel_loss_workspace(3, {64, 64, 3}));
  std::vector<float> first;
  double loss = 0;
  for (int threads : thread_counts) {
    Field<float> dy(3, 64, 64, 3, Layout::contiguous, 3);
    const double l = pixel_loss(Context<Cpu>{threads}, SquaredError{}, Region::whole, y, t, {}, 0.1,
                                dy.view(), workspace.data());
    if (threads == 1) first = dy.memory(), loss = l;
    CHECK((same_bits(first, dy.memory()) && l == loss));
  }
  y.at(77, 1) = std::numeric_limits<float>::quiet_NaN();
  const auto check = [&](const auto& error) {
    Field<float> dy(3, 64, 64, 3);
    CHECK(std::isnan(pixel_loss(Context<Cpu>{}, error, Region::whole, y, t, {}, 1, dy.view(),
                                workspace.data())));
    CHECK(std::isnan(dy.at(77, 1)));
  };
  check(SquaredError{});
  check(AbsoluteError{});
}
