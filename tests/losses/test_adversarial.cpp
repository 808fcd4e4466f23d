// SPDX-License-Identifier: BSD-3-Clause
// What a criterion is: the library's and a user's own; the gradient through a discriminator.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/losses/bce.hpp>
#include <tessera/losses/bce_with_logits.hpp>
#include <tessera/losses/hinge.hpp>
#include <tessera/losses/lsgan.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {

/// Wasserstein's, written by a user.
struct Critic {
  void real(auto& pass, LossTerms& terms, double weight = 1) const {
    score(pass, "d_real", terms, -1, weight);
  }
  void fake(auto& pass, LossTerms& terms, double weight = 1) const {
    score(pass, "d_fake", terms, 1, weight);
  }
  void generator(auto& pass, LossTerms& terms, double weight = 1) const {
    score(pass, "g_adversarial", terms, -1, weight);
  }
  static void score(auto& pass, std::string_view name, LossTerms& terms, int sign, double weight) {
    const auto y = pass.output();
    const auto dy = pass.output_gradient();
    double sum = 0;
    const double share = sign / static_cast<double>(y.size());
    for (std::ptrdiff_t p = 0; p < y.pixels(); ++p) {
      sum += share * static_cast<double>(y.pixel(p)[0]);
      if (dy) dy.pixel(p)[0] += static_cast<std::decay_t<decltype(dy.pixel(p)[0])>>(weight * share);
    }
    terms.add(name, sum, weight);
  }
};
static_assert(AdversarialCriterion<BceLoss> && AdversarialCriterion<BceWithLogitsLoss> &&
              AdversarialCriterion<LsganLoss> && AdversarialCriterion<HingeLoss> &&
              AdversarialCriterion<Critic>);
static_assert(!AdversarialCriterion<int>);
static_assert(Loss<BceLoss> && Loss<BceWithLogitsLoss> && !Loss<LsganLoss> && !Loss<HingeLoss>);

using Discriminator = Network<Input<7, 5, 2>, Conv2d<2, 4, kernel(3).same()>, LeakyReLU<>,
                              Conv2d<4, 1, kernel(3).stride(2)>>;

}  // namespace

/// The input's gradient through a discriminator whose own parameters want none: what a generator
/// gets.
TEST_CASE_TEMPLATE("the generator's gradient passes through the discriminator", C,
                   BceWithLogitsLoss, LsganLoss, HingeLoss, Critic) {
  Model<Discriminator, Cpu, double> model(Seed{3}, Context<Cpu>{1});
  auto pass = model.pass({.batch = 2, .parameter_gradients = false, .input_gradients = true});
  std::vector<double> x(2 * 7 * 5 * 2);
  RandomStream random(Seed{2}, 0);
  for (double& v : x) v = random.normal();
  const auto total = [&] {
    std::copy(x.begin(), x.end(), pass.input().data);
    pass.forward();
    pass.zero_gradients();
    LossTerms terms;
    C{}.generator(pass, terms, 0.5);
    return terms.total();
  };
  total();
  pass.backward();
  const auto dx = pass.input_gradient();
  testing::expect_gradient(x, std::vector<double>(dx.data, dx.data + dx.size()), total);
  for (const double g : model.gradients()) CHECK(g == 0);
}
