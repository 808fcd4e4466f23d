// SPDX-License-Identifier: BSD-3-Clause
// L1: values against a naive sum for every region and mean, gradients by differences, settings,
// errors.
#include <doctest/doctest.h>

#include <tessera/losses/l1.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("L1 over every region and mean: values, gradients, terms, errors") {
  check_pixel_loss(
      [](Region region, MeanOver over) {
        return L1Loss{region, over};
      },
      [](double d) { return std::abs(d); }, "l1");
}

TEST_CASE("L1: settings as a text; the gradient is 0 where output and truth agree") {
  CHECK(L1Loss{}.describe() == "l1(whole, mean over region)");
  CHECK(L1Loss{Region::valid, MeanOver::image}.describe() == "l1(valid, mean over image)");
  CHECK(L1Loss{Region::hole, MeanOver::nothing}.describe() == "l1(hole, sum)");
  LossFixture f;
  f.x[7] = f.images.data()[7];
  f.call(L1Loss{.mean_over = MeanOver::nothing}, 0.25);
  CHECK(f.gradient()[7] == 0);
  CHECK(std::abs(f.gradient()[8]) == 0.25);
}
