// SPDX-License-Identifier: BSD-3-Clause
// Huber's loss: values, gradients, PyTorch's numbers, the ends of delta, NaN.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <tessera/losses/huber.hpp>

#include "golden_pixel_loss.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("HuberLoss over every region and mean") {
  check_pixel_loss(
      [](Region region, MeanOver over) {
        return HuberLoss{.delta = 0.8, .region = region, .mean_over = over};
      },
      [](double d) {
        const double a = std::abs(d);
        return a <= 0.8 ? 0.5 * d * d : 0.8 * (a - 0.4);
      },
      "huber");
}

TEST_CASE("HuberLoss: PyTorch's numbers, settings") {
  check_golden_pixel_loss("huber", HuberLoss{});
  check_golden_pixel_loss("huber_0.3", HuberLoss{.delta = 0.3});
  CHECK(HuberLoss{}.describe() == "huber(delta 1, whole, mean over region)");
  LossFixture<double> f;
  for (const double delta : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(f.call(HuberLoss{.delta = delta}), ArgumentError);
  CHECK_THROWS_WITH_AS(f.call(HuberLoss{.delta = 0}),
                       "huber(delta 0, whole, mean over region): a setting is out of its range",
                       ArgumentError);
  f.x[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(f.call(HuberLoss{}).total()));
  CHECK(std::isnan(f.gradient()[3]));
}
