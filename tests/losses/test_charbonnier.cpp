// SPDX-License-Identifier: BSD-3-Clause
// The Charbonnier loss: values, gradients, what a perfect image costs, settings, NaN.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <tessera/losses/charbonnier.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("CharbonnierLoss over every region and mean") {
  check_pixel_loss(
      [](Region region, MeanOver over) {
        return CharbonnierLoss{.epsilon = 0.5, .region = region, .mean_over = over};
      },
      [](double d) { return std::sqrt(d * d + 0.25); }, "charbonnier");
}

TEST_CASE("CharbonnierLoss: a perfect image costs epsilon, whatever the size") {
  for (const int width : {1, 2, 5, 16}) {  // what lies behind the end of a vector does not count
    LossFixture<double> f(1, 3, width);
    f.x.assign(f.images.data(), f.images.data() + f.images.size());
    CHECK(f.call(CharbonnierLoss{}).total() == doctest::Approx(1e-3).epsilon(1e-13));
    CHECK(f.gradient() == std::vector<double>(f.x.size()));
  }
  CHECK(CharbonnierLoss{}.describe() == "charbonnier(epsilon 0.001, whole, mean over region)");
  LossFixture<double> f;
  CHECK_THROWS_AS(f.call(CharbonnierLoss{.epsilon = 0}), ArgumentError);
  f.x[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(f.call(CharbonnierLoss{}).total()));
  CHECK(std::isnan(f.gradient()[3]));
}
