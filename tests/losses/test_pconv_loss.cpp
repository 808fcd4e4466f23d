// SPDX-License-Identifier: BSD-3-Clause
// The loss of partial-convolution networks: its terms and their factors, with and without features.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/losses/pconv_loss.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {

using Features = Network<Input<8, 8, 3>, Conv2d<3, 4, kernel(3).same()>, Tanh, Tap<"pool1">,
                         Conv2d<4, 4, kernel(3).same()>, Tanh, Tap<"pool2">,
                         Conv2d<4, 5, kernel(1)>, Tanh, Tap<"pool3">>;

double term(const LossTerms& terms, std::string_view name) {
  for (const auto& t : terms.terms())
    if (t.name == name) return t.value;
  FAIL("no term ", name);
  return 0;
}

}  // namespace

TEST_CASE("pconv_loss without features") {
  LossFixture f(3, 5, 7);
  const auto loss = pconv_loss();
  static_assert(Loss<decltype(loss)>);
  const LossTerms terms = f.call(loss);
  REQUIRE(terms.terms().size() == 3);
  const double valid = f.naive(absolute_error, Region::valid, MeanOver::image),
               hole = f.naive(absolute_error, Region::hole, MeanOver::image),
               tv = f.call(TotalVariationLoss{}).total();
  CHECK(term(terms, "valid") == doctest::Approx(valid).epsilon(1e-13));
  CHECK(term(terms, "hole") == doctest::Approx(hole).epsilon(1e-13));
  CHECK(term(terms, "tv") == tv);
  CHECK(terms.total() == doctest::Approx(valid + 6 * hole + 0.1 * tv).epsilon(1e-13));
  expect_right_loss(loss);
  CHECK(loss.describe() ==
        "l1(valid, mean over image) + 6 * (l1(hole, mean over image)) + "
        "0.1 * (total_variation)");
}

TEST_CASE("pconv_loss with features") {
  for (const int batch : {1, 3}) {
    LossFixture f(batch, 5, 7);
    const auto loss = pconv_loss(Model<Features, Cpu, double>(Seed{5}, Context<Cpu>{1}));
    static_assert(Loss<decltype(loss)>);
    const LossTerms terms = f.call(loss);
    REQUIRE(terms.terms().size() == 5);
    CHECK(term(terms, "perceptual") > 0.1);
    CHECK(term(terms, "style") > 1e-4);
    CHECK(terms.total() ==
          doctest::Approx(f.call(pconv_loss()).total() + 0.05 * term(terms, "perceptual") +
                          120 * term(terms, "style"))
              .epsilon(1e-13));
    f.check_gradient(loss);
    if (batch == 1) expect_right_loss(loss);
  }
}
