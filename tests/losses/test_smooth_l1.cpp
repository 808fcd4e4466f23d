// SPDX-License-Identifier: BSD-3-Clause
// The smooth L1 loss: values, gradients, PyTorch's numbers, beta = 0, NaN.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <tessera/losses/smooth_l1.hpp>

#include "golden_pixel_loss.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("SmoothL1Loss over every region and mean") {
  check_pixel_loss(
      [](Region region, MeanOver over) {
        return SmoothL1Loss{.beta = 0.7, .region = region, .mean_over = over};
      },
      [](double d) {
        const double a = std::abs(d);
        return a < 0.7 ? 0.5 * d * d / 0.7 : a - 0.35;
      },
      "smooth_l1");
}

TEST_CASE("SmoothL1Loss: PyTorch's numbers, settings") {
  check_golden_pixel_loss("smooth_l1", SmoothL1Loss{});
  check_golden_pixel_loss("smooth_l1_0.3", SmoothL1Loss{.beta = 0.3});
  check_golden_pixel_loss("smooth_l1_0", SmoothL1Loss{.beta = 0});
  CHECK(SmoothL1Loss{}.describe() == "smooth_l1(beta 1, whole, mean over region)");
  LossFixture<double> f;
  f.x[0] = f.images.data()[0];  // the kink of beta = 0
  f.call(SmoothL1Loss{.beta = 0});
  CHECK(f.gradient()[0] == 0);
  CHECK_THROWS_AS(f.call(SmoothL1Loss{.beta = -1e-9}), ArgumentError);
  f.x[3] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(f.call(SmoothL1Loss{}).total()));
  CHECK(std::isnan(f.gradient()[3]));
}
