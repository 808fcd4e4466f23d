// SPDX-License-Identifier: BSD-3-Clause
// Binary cross entropy of probabilities: criterion, loss against images, PyTorch's bounds.
#include <doctest/doctest.h>

#include <tessera/losses/bce.hpp>

#include "adversarial_checks.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {
double probability_of(double v) { return 0.02 + 0.96 / (1 + std::exp(-v)); }
}  // namespace

TEST_CASE("BceLoss as a criterion") {
  check_criterion(BceLoss{},
                  {[](double p) { return -std::log(p); }, [](double p) { return -std::log(1 - p); },
                   [](double p) { return -std::log(p); }},
                  bounds(0.02, 0.98));
  CHECK(BceLoss{}.describe() == "bce");
}

TEST_CASE("BceLoss against images") {
  LossFixture f(3, 5, 3);
  for (double& v : f.x) v = probability_of(v);
  for (double& v : f.images.span()) v = probability_of(v);
  f.images.data()[4] = 0;
  f.images.data()[5] = 1;
  double want = 0;
  for (std::size_t k = 0; k < f.x.size(); ++k) {
    const double t = f.images.data()[k];
    want -= t * std::log(f.x[k]) + (1 - t) * std::log(1 - f.x[k]);
  }
  const LossTerms terms = f.call(BceLoss{});
  REQUIRE(terms.terms().size() == 1);
  CHECK(terms.terms()[0].name == "bce");
  CHECK(terms.total() == doctest::Approx(want / static_cast<double>(f.x.size())).epsilon(1e-13));
  f.check_gradient(BceLoss{});
  LossTerms none;
  const Tensor<double> small(3, {5, 4, 3});
  CHECK_THROWS_WITH_AS(BceLoss{}(f.pass, {small.view(), {}}, none),
                       "bce: the network's output is 3 of 5x3x3, the truth 3 of 5x4x3", ShapeError);
}

// torch.nn.functional.binary_cross_entropy clamps both logarithms at -100, and the denominator of
// its derivative (p - t) / (p (1 - p)) at 1e-12.
TEST_CASE_TEMPLATE("BceLoss at 0 and 1 is bounded as in PyTorch", T, float, double) {
  LossFixture<T, 1> f(1, 1, 4);
  const double half = std::log(2.0);
  f.x = {T(0), T(1), T(0.5), T(1)};
  CHECK(f.with_pass([&](LossTerms& t) { BceLoss{}.real(f.pass, t); }).total() ==
        doctest::Approx((100 + 0 + half + 0) / 4));
  CHECK(f.gradient()[0] == doctest::Approx(-1e12 / 4));
  CHECK(f.gradient()[1] == 0);
  CHECK(f.gradient()[2] == doctest::Approx(-2.0 / 4));
  CHECK(f.with_pass([&](LossTerms& t) { BceLoss{}.fake(f.pass, t); }).total() ==
        doctest::Approx((0 + 100 + half + 100) / 4));
  CHECK(f.gradient()[0] == 0);
  CHECK(f.gradient()[1] == doctest::Approx(1e12 / 4));
  f.x[2] = T(-0.1);  // no probability: the loss is not finite, and a training run stops
  CHECK(std::isnan(f.with_pass([&](LossTerms& t) { BceLoss{}.real(f.pass, t); }).total()));
  f.x[2] = std::numeric_limits<T>::quiet_NaN();
  CHECK(std::isnan(f.with_pass([&](LossTerms& t) { BceLoss{}.fake(f.pass, t); }).total()));
  CHECK(std::isnan(f.gradient()[2]));
}
