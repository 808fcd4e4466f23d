// SPDX-License-Identifier: BSD-3-Clause
// Losses of the user's own from one text: gradients, settings, names that are made at run time.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <string>

#include <tessera/losses/l1.hpp>
#include <tessera/losses/loss_text.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/losses/total_variation.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

// clang-format off
/// log cosh(s d) / s, which is |d| + log((1 + exp(-2 s |d|)) / 2) / s.
TESSERA_LOSS(LogCosh, (sharpness = 1),
  template <class T> T error(T y, T t) const {
    T a = abs(y - t), s = constant<T>(sharpness);
    return a + (log1p(exp(T(-2) * s * a)) - constant<T>(0.69314718055994530942)) / s;
  }
  template <class T> T derivative(T y, T t) const { return tanh(constant<T>(sharpness) * (y - t)); })
// clang-format on

namespace elsewhere {
// clang-format off
TESSERA_LOSS(Offset, (),
  template <class T> T error(T y, T t) const { return y - t; }
  template <class T> T derivative(T, T) const { return T(1); })
// clang-format on
}  // namespace elsewhere

TEST_CASE("losses from a text are added and weighted, wherever they are defined") {
  LossFixture<double> f;
  const auto loss =
      2.0 * elsewhere::Offset{} + LogCosh{} + elsewhere::Offset{.region = Region::hole};
  const auto sum = elsewhere::Offset{} + LogCosh{} + MseLoss{} + elsewhere::Offset{};
  f.check_gradient(loss);
  f.check_gradient(sum);
  CHECK(f.call(loss).total() ==
        doctest::Approx(2 * f.call(elsewhere::Offset{}).total() + f.call(LogCosh{}).total() +
                        f.call(elsewhere::Offset{.region = Region::hole}).total()));
  CHECK(describe_loss(sum) ==
        "offset(whole, mean over region) + log_cosh(sharpness 1, whole, mean over region) + "
        "mse(whole, mean over region) + offset(whole, mean over region)");
}

TEST_CASE("a loss from a text: values, gradients, terms, errors") {
  check_pixel_loss(
      [](Region region, MeanOver over) {
        return LogCosh{.sharpness = 1.5, .region = region, .mean_over = over};
      },
      [](double d) { return std::log(std::cosh(1.5 * d)) / 1.5; }, "log_cosh");
  CHECK(LogCosh{}.describe() == "log_cosh(sharpness 1, whole, mean over region)");
  CHECK(LogCosh{2, Region::hole, MeanOver::nothing}.describe() ==
        "log_cosh(sharpness 2, hole, sum)");
}

TEST_CASE("names of losses: from the type, or owned by the loss and its terms") {
  CHECK(detail::term_name("MseLoss") == "mse");
  CHECK(detail::term_name("SmoothL1Loss", Region::hole) == "smooth_l1_hole");
  CHECK(detail::term_name("MSE") == "mse");
  CHECK(detail::term_name("MyHTTPLoss") == "my_http");
  CHECK(detail::term_name("Loss") == "loss");
  CHECK(detail::term_name("own_name") == "own_name");
  LossFixture<double> f;
  LossTerms terms;
  {
    auto name = std::make_unique<std::string>("a name that is made at run time and not short");
    auto loss = L1Loss{Region::whole, MeanOver::region, *name} + MseLoss{.name = *name + " 2"} +
                TotalVariationLoss{.name = *name + " 3"};
    *name = "something else that is written over the old name";
    name.reset();
    auto moved = std::make_unique<decltype(loss)>(std::move(loss));
    terms = f.call(*moved);
  }
  REQUIRE(terms.terms().size() == 3);
  CHECK(terms.terms()[0].name == "a name that is made at run time and not short");
  CHECK(terms.terms()[1].name == "a name that is made at run time and not short 2");
  CHECK(terms.value("a name that is made at run time and not short 3") >= 0);
}
