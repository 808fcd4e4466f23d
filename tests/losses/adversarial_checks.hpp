// SPDX-License-Identifier: BSD-3-Clause
// What every criterion of adversarial training promises, against a scalar twin.
#pragma once
#include <tessera/losses/adversarial.hpp>

#include "fixture.hpp"

namespace tessera::test {

/// A scalar twin: the losses of one score.
struct ScalarCriterion {
  double (*real)(double), (*fake)(double), (*generator)(double);
};

/// What every loss promises, values, names of terms and passes without gradients, for scores in
/// these bounds.
template <class C>
void check_criterion(const C& criterion, const ScalarCriterion& twin, Bounds scores) {
  static_assert(AdversarialCriterion<C>);
  expect_right_loss(criterion, {.values = scores});
  for (const int batch : {1, 3}) {
    LossFixture<double, 1> f(batch, 5, 7);
    RandomStream random(Seed{2}, 0);
    for (double& v : f.x) v = scores.lowest + (scores.highest - scores.lowest) * random.uniform();
    const auto call = [&](int which, LossTerms& terms, double weight) {
      if (which == 0) criterion.real(f.pass, terms, weight);
      if (which == 1) criterion.fake(f.pass, terms, weight);
      if (which == 2) criterion.generator(f.pass, terms, weight);
    };
    const std::string_view names[] = {"d_real", "d_fake", "g_adversarial"};
    double (*const twins[])(double) = {twin.real, twin.fake, twin.generator};
    for (int which = 0; which < 3; ++which) {
      const LossTerms terms = f.with_pass([&](LossTerms& t) { call(which, t, 0.3); });
      REQUIRE(terms.terms().size() == 1);
      CHECK(terms.terms()[0].name == names[which]);
      double want = 0;
      for (const double v : f.x) want += twins[which](v) / static_cast<double>(f.x.size());
      CHECK(terms.terms()[0].value == doctest::Approx(want).epsilon(1e-13));
      CHECK(terms.total() == 0.3 * terms.terms()[0].value);
    }
    LossFixture<double, 1> without(batch, 5, 7, 1, false);
    without.x = f.x;
    const LossTerms value =
        without.with_pass([&](LossTerms& t) { criterion.generator(without.pass, t); });
    CHECK(value.total() ==
          f.with_pass([&](LossTerms& t) { criterion.generator(f.pass, t); }).total());
  }
}

}  // namespace tessera::test
