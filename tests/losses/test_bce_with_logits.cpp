// SPDX-License-Identifier: BSD-3-Clause
// Binary cross entropy of logits: criterion, loss against images, large logits.
#include <doctest/doctest.h>

#include <tessera/losses/bce_with_logits.hpp>

#include "adversarial_checks.hpp"

using namespace tessera;
using namespace tessera::test;

TEST_CASE("BceWithLogitsLoss as a criterion") {
  check_criterion(BceWithLogitsLoss{},
                  {[](double z) { return std::log(1 + std::exp(-z)); },
                   [](double z) { return std::log(1 + std::exp(z)); },
                   [](double z) { return std::log(1 + std::exp(-z)); }},
                  bounds(-5, 5));
  CHECK(BceWithLogitsLoss{}.describe() == "bce_with_logits");
}

TEST_CASE("BceWithLogitsLoss against images") {
  LossFixture f(1, 5, 3);
  double want = 0;
  for (std::size_t k = 0; k < f.x.size(); ++k) {
    double& t = f.images.data()[k];
    t = 1 / (1 + std::exp(-t));
    const double p = 1 / (1 + std::exp(-f.x[k]));
    want -= t * std::log(p) + (1 - t) * std::log(1 - p);
  }
  const LossTerms terms = f.call(BceWithLogitsLoss{});
  REQUIRE(terms.terms().size() == 1);
  CHECK(terms.terms()[0].name == "bce_with_logits");
  CHECK(terms.total() == doctest::Approx(want / static_cast<double>(f.x.size())).epsilon(1e-13));
  f.check_gradient(BceWithLogitsLoss{});
  LossTerms none;
  const Tensor<double> small(1, {5, 4, 3});
  CHECK_THROWS_WITH_AS(BceWithLogitsLoss{}(f.pass, {small.view(), {}}, none),
                       "bce_with_logits: the network's output is 1 of 5x3x3, the truth 1 of 5x4x3",
                       ShapeError);
}

TEST_CASE_TEMPLATE("BceWithLogitsLoss is finite and exact for large logits", T, float, double) {
  LossFixture<T, 1> f(1, 1, 3);
  const BceWithLogitsLoss loss;
  f.x = {T(200), T(-200), T(0)};
  CHECK(f.with_pass([&](LossTerms& t) { loss.real(f.pass, t); }).total() ==
        doctest::Approx((0 + 200 + std::log(2.0)) / 3));
  CHECK(f.gradient()[0] == 0);
  CHECK(f.gradient()[1] == doctest::Approx(-1.0 / 3));
  CHECK(f.gradient()[2] == doctest::Approx(-0.5 / 3));
  f.with_pass([&](LossTerms& t) { loss.fake(f.pass, t); });
  CHECK(f.gradient()[0] == doctest::Approx(1.0 / 3));
  f.x[1] = std::numeric_limits<T>::quiet_NaN();
  CHECK(std::isnan(f.with_pass([&](LossTerms& t) { loss.real(f.pass, t); }).total()));
  CHECK(std::isnan(f.gradient()[1]));
}
