// SPDX-License-Identifier: BSD-3-Clause
// Sums and factors of losses: gradients of the total, terms by name, settings, too many terms.
#include <doctest/doctest.h>

#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("sums and factors: gradients of the total, terms by name and unweighted") {
  LossFixture f;
  const auto loss =
      MseLoss{} +
      6.0 * L1Loss{.region = Region::hole, .mean_over = MeanOver::image, .name = "hole"} +
      0.5 * (2.0 * L1Loss{.region = Region::valid, .name = "valid"} + MseLoss{});
  static_assert(Loss<decltype(loss)>);
  CHECK(loss.describe() ==
        "mse(whole, mean over region) + 6 * (l1(hole, mean over image)) + "
        "0.5 * (2 * (l1(valid, mean over region)) + mse(whole, mean over region))");
  const LossTerms terms = f.call(loss);
  REQUIRE(terms.terms().size() == 4);
  CHECK(terms.terms()[0].name == "mse");
  CHECK(terms.terms()[1].name == "hole");
  CHECK(terms.terms()[2].name == "valid");
  const double mse = f.naive(squared_error, Region::whole, MeanOver::region),
               hole = f.naive(absolute_error, Region::hole, MeanOver::image),
               valid = f.naive(absolute_error, Region::valid, MeanOver::region);
  CHECK(terms.terms()[1].value == doctest::Approx(hole));
  CHECK(terms.terms()[2].value == doctest::Approx(valid));
  CHECK(terms.total() == doctest::Approx(1.5 * mse + 6 * hole + valid).epsilon(1e-13));
  expect_right_loss(loss);
}

TEST_CASE("a loss may report at most 16 terms") {
  LossTerms terms;
  for (int i = 0; i < LossTerms::max_count; ++i) terms.add("t", 1, 1);
  CHECK_THROWS_WITH_AS(terms.add("t", 1, 1), "a loss may report at most 16 terms", ArgumentError);
  CHECK(terms.total() == LossTerms::max_count);
}

TEST_CASE("LossTerms: a term by its name") {
  LossTerms terms;
  terms.add("l1", 0.25, 2);
  terms.add("tv", 3, 0.5);
  CHECK(terms.value("tv") == 3);
  CHECK(terms.value("l1") == 0.25);
  CHECK(terms.total() == 2);
  terms.add("l1", 0.5, 1);
  CHECK(terms.value("l1") == 0.75);  // several losses report it
  CHECK_THROWS_WITH_AS(terms.value("l2"), "no loss term has the name \"l2\"", ArgumentError);
}
