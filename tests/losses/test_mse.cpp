// SPDX-License-Identifier: BSD-3-Clause
// MSE: values against a naive sum for every region and mean, gradients by differences, settings,
// errors.
#include <doctest/doctest.h>

#include <tessera/losses/mse.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("MSE over every region and mean: values, gradients, terms, errors") {
  check_pixel_loss(
      [](Region region, MeanOver over) {
        return MseLoss{region, over};
      },
      [](double d) { return d * d; }, "mse");
}

TEST_CASE("MSE: settings as a text") {
  CHECK(MseLoss{}.describe() == "mse(whole, mean over region)");
  CHECK(MseLoss{Region::hole, MeanOver::image}.describe() == "mse(hole, mean over image)");
  CHECK(MseLoss{Region::valid, MeanOver::nothing}.describe() == "mse(valid, sum)");
}
