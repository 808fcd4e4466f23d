// SPDX-License-Identifier: BSD-3-Clause
// Losses on the features of a frozen network: values against scalar twins, gradients through the
// features by differences, what is shared, what is not computed, errors.
#include <doctest/doctest.h>

#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/losses/feature_loss.hpp>
#include <tessera/losses/l1.hpp>

#include "../count_allocations.hpp"
#include "fixture.hpp"
#include "naive_features.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {

using Features = Network<Input<8, 8, 3>, Conv2d<3, 4, kernel(3).same()>, Tanh, Tap<"one">,
                         MaxPool2d<2>, Conv2d<4, 6, kernel(3).same()>, Tanh, Tap<"two">,
                         Conv2d<6, 2, kernel(1)>, Tap<"three">>;
using FeatureModel = Model<Features, Cpu, double>;

FeatureModel features(std::uint64_t seed = 5) {
  FeatureModel model(Seed{seed}, Context<Cpu>{1});
  for (double& w : model.parameters()) w *= 2;
  return model;
}

/// The terms of loss(options) by their definitions: features of y, z and t from passes of their
/// own.
struct Naive {
  double perceptual = 0, style = 0;

  Naive(const LossFixture<>& f, const FeatureLossOptions& o) {
    FeatureModel model = features();
    std::vector<std::string> labels;
    for (const auto& tap : o.taps) labels.push_back(tap.label);
    const auto pass_of = [&](const auto& value) {
      auto pass = model.pass({.batch = f.batch,
                              .mode = Mode::evaluate,
                              .gradients = false,
                              .inputs = {f.shape},
                              .keep = labels});
      for (std::size_t k = 0; k < f.x.size(); ++k) pass.input().data[k] = value(k);
      pass.forward();
      return pass;
    };
    auto y = pass_of([&](std::size_t k) { return f.x[k]; });
    auto z = pass_of([&](std::size_t k) { return f.hole[k / 3] ? f.x[k] : f.images.data()[k]; });
    auto t = pass_of([&](std::size_t k) { return f.images.data()[k]; });
    for (const auto& tap : o.taps)
      for (auto* image : {&y, &z}) {
        if (image == &z && !o.composite) continue;
        const auto a = image->tap(tap.label), b = t.tap(tap.label);
        perceptual += tap.weight * naive_perceptual(a, b);
        style += tap.weight * naive_style(o.form, o.merge_batch, a, b);
      }
  }
};

FeatureLossOptions both() {
  return {.taps = {{"one"}, {"two", 0.5}}, .perceptual = 0.05, .style = 120};
}

}  // namespace

TEST_CASE("values, terms and gradients of every choice") {
  std::vector<FeatureLossOptions> choices(6, both());
  choices[1].style = 0;
  choices[2].perceptual = 0;
  choices[2].taps.push_back({"three", 0});
  choices[3].composite = false;
  choices[4].form = StyleForm::squared;
  choices[4].taps = {{"three"}};
  choices[5].form = StyleForm::squared;
  choices[5].merge_batch = true;
  const int sizes[][2] = {{5, 7}, {4, 2}};
  for (const FeatureLossOptions& options : choices)
    for (const int batch : {1, 3})
      for (const auto& size : sizes) {
        LossFixture f(batch, size[0], size[1]);
        const FeatureLoss loss(features(), options);
        const LossTerms terms = f.call(loss, 0.7);
        const Naive naive(f, options);
        const bool perceptual = options.perceptual != 0, style = options.style != 0;
        REQUIRE(terms.terms().size() == static_cast<std::size_t>(perceptual + style));
        if (perceptual) {
          CHECK(terms.terms()[0].name == "perceptual");
          CHECK(terms.terms()[0].value == doctest::Approx(naive.perceptual).epsilon(1e-12));
        }
        if (style) {
          CHECK(terms.terms().back().name == "style");
          CHECK(terms.terms().back().value == doctest::Approx(naive.style).epsilon(1e-12));
        }
        CHECK(terms.total() == doctest::Approx(0.7 * (options.perceptual * naive.perceptual +
                                                      options.style * naive.style)));
        f.check_gradient(loss);
      }
  for (const FeatureLossOptions& options : choices)
    expect_right_loss(FeatureLoss(features(), options));
}

TEST_CASE("in sums, with copies that share the features, over changing batches") {
  LossFixture f(2, 6, 5), g(3, 4, 7);
  const FeatureLoss loss(features(), both());
  const auto sum = 1.0 * L1Loss{} + 6.0 * L1Loss{.region = Region::hole} + 2.0 * loss;
  static_assert(Loss<decltype(sum)>);
  f.check_gradient(sum);
  g.check_gradient(sum);
  const LossTerms terms = f.call(sum);
  CHECK(terms.terms().size() == 4);
  CHECK(terms.terms()[3].value == doctest::Approx(Naive(f, both()).style).epsilon(1e-12));
  expect_right_loss(sum);
  const FeatureLoss copy = loss;
  CHECK(&copy.features() == &loss.features());
}

TEST_CASE("the features stay as they are, and no step after the first allocates") {
  LossFixture f(2, 9, 6);
  const FeatureLoss loss(features(), both());
  const std::vector<double> before(loss.features().parameters().begin(),
                                   loss.features().parameters().end());
  f.call(loss);
  const long allocations = testing::allocations;
  const Truth<double> truth = f.truth();
  for (int i = 0; i < 3; ++i) {
    LossTerms terms;
    loss(f.pass, truth, terms, 1.0);
  }
  CHECK(testing::allocations == allocations);
  CHECK(std::vector<double>(loss.features().parameters().begin(),
                            loss.features().parameters().end()) == before);
  for (const double g : loss.features().gradients()) CHECK(g == 0);
}

TEST_CASE("batch norms in the features use and keep their statistics") {
  using Normed = Model<Network<Input<8, 8, 3>, Conv2d<3, 4, kernel(1)>, BatchNorm2d<4>, Tap<"one">>,
                       Cpu, double>;
  LossFixture f(2, 4, 5);
  Normed model(Seed{5}, Context<Cpu>{1});
  for (double& s : model.statistics()) s += 0.5;
  const FeatureLoss loss(std::move(model),
                         {.taps = {{"one"}}, .perceptual = 1, .style = 1, .composite = false});
  const std::vector<double> before(loss.features().statistics().begin(),
                                   loss.features().statistics().end());
  f.check_gradient(loss);
  CHECK(std::vector<double>(loss.features().statistics().begin(),
                            loss.features().statistics().end()) == before);
  CHECK(loss.features().counter("1.num_batches_tracked") == 0);
}

TEST_CASE("a pass without gradients gets the value alone") {
  LossFixture f(2, 6, 5);
  LossFixture<double> without(2, 6, 5, 1, false);
  const FeatureLoss loss(features(), both());
  const LossTerms terms = f.call(loss);
  CHECK(without.call(loss).total() == terms.total());
  CHECK(f.call(loss).total() == terms.total());
}

TEST_CASE("threads give the same bits") {
  Model<Features> a(Seed{5}), b(Seed{5});
  LossFixture<float> one(3, 17, 9), two(3, 17, 9, 3);
  CHECK(one.call(FeatureLoss(std::move(a), both())).total() ==
        two.call(FeatureLoss(std::move(b), both())).total());
  CHECK(one.gradient() == two.gradient());
}

TEST_CASE("without the composite no holes are needed") {
  LossFixture f(1, 6, 5);
  FeatureLossOptions options = both();
  options.composite = false;
  LossTerms terms;
  FeatureLoss(features(), options)(f.pass, {f.images.view(), {}}, terms);
  CHECK(terms.terms().size() == 2);
  CHECK_THROWS_WITH_AS(FeatureLoss(features(), both())(f.pass, {f.images.view(), {}}, terms),
                       "FeatureLoss: the composite needs a hole mask, got none", ArgumentError);
}

TEST_CASE("errors") {
  FeatureLossOptions options = both();
  options.taps.push_back({"four"});
  CHECK_THROWS_WITH_AS(FeatureLoss(features(), options),
                       "FeatureLoss: the features have no Tap \"four\"", ArgumentError);
  options.taps = {{"one", 0}};
  CHECK_THROWS_WITH_AS(FeatureLoss(features(), options),
                       "FeatureLoss: no tap with a weight other than 0", ArgumentError);
  CHECK_THROWS_WITH_AS(FeatureLoss(features(), FeatureLossOptions{.taps = {{"one"}}}),
                       "FeatureLoss: both factors, perceptual and style, are 0", ArgumentError);
  LossFixture f(1, 6, 5);
  const Tensor<double> small(1, {6, 4, 3});
  LossTerms terms;
  CHECK_THROWS_AS(FeatureLoss(features(), both())(f.pass, {small.view(), f.truth().hole}, terms),
                  ShapeError);
  LossFixture narrow(1, 6, 1);  // the features' pooling needs 2
  CHECK_THROWS_AS(narrow.call(FeatureLoss(features(), both())), ShapeError);
  LossFixture<double, 2> two(1, 6, 5);
  CHECK_THROWS_AS(two.call(FeatureLoss(features(), both())), ShapeError);
}

TEST_CASE("settings as a text, with a sum over the weights") {
  const auto text = FeatureLoss(features(), both()).describe();
  CHECK(text.starts_with(
      "features(absolute, composite, perceptual 0.05, style 120, one 1, two 0.5, weights "));
  CHECK(FeatureLoss(features(), both()).describe() == text);
  CHECK(FeatureLoss(features(6), both()).describe() != text);
  FeatureLossOptions other = alexnet_style(true);
  other.taps = {{"one", 0.8}};
  CHECK(FeatureLoss(features(), other)
            .describe()
            .starts_with(
                "features(squared, merged batch, perceptual 0, style 0.01, one 0.8, weights "));
}
