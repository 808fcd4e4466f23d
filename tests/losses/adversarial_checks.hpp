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

/// Values, gradients, names of terms, weights, threads and passes without gradients. `place` puts
/// normal numbers where the scores may lie.
template <class C, class Place>
void check_criterion(const C& criterion, const ScalarCriterion& twin, const Place& place) {
  static_assert(AdversarialCriterion<C>);
  for (const int batch : {1, 3}) {
    LossFixture<double, 1> f(batch, 5, 7);
    for (double& v : f.x) v = place(v);
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
      const std::vector<double> once = f.gradient();
      f.check_gradient_with([&](LossTerms& t) { call(which, t, 0.3); });
      LossTerms again;  // adds to the gradient that is there
      f.with_pass([&](LossTerms& t) { call(which, t, 0.3); });
      call(which, again, 0.3);
      for (std::size_t k = 0; k < once.size(); ++k)
        CHECK(f.gradient()[k] == doctest::Approx(2 * once[k]));
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
