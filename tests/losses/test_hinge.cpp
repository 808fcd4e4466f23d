// SPDX-License-Identifier: BSD-3-Clause
// The hinge criterion: values against a scalar twin, gradients by differences and at the kinks.
#include <doctest/doctest.h>

#include <tessera/losses/hinge.hpp>

#include "adversarial_checks.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("HingeLoss") {
  check_criterion(HingeLoss{},
                  {[](double y) { return std::max(0.0, 1 - y); },
                   [](double y) { return std::max(0.0, 1 + y); }, [](double y) { return -y; }},
                  bounds(-3, 3));
  CHECK(HingeLoss{}.describe() == "hinge");
}

TEST_CASE("HingeLoss: scores beyond the margin and at it have no gradient, NaN shows") {
  LossFixture<double, 1> f(1, 1, 4);
  f.x = {1, 5, 0.5, -1};
  CHECK(f.with_pass([&](LossTerms& t) { HingeLoss{}.real(f.pass, t); }).total() ==
        doctest::Approx(2.5 / 4));
  CHECK(f.gradient() == std::vector<double>{0, 0, -0.25, -0.25});
  f.with_pass([&](LossTerms& t) { HingeLoss{}.fake(f.pass, t); });
  CHECK(f.gradient() == std::vector<double>{0.25, 0.25, 0.25, 0});
  f.with_pass([&](LossTerms& t) { HingeLoss{}.generator(f.pass, t); });
  CHECK(f.gradient() == std::vector<double>(4, -0.25));
  f.x[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(f.with_pass([&](LossTerms& t) { HingeLoss{}.real(f.pass, t); }).total()));
  CHECK(std::isnan(f.gradient()[1]));
}
