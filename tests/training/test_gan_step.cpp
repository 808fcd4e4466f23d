// SPDX-License-Identifier: BSD-3-Clause
// GanStep: the bits of a step written by hand, both orders, a discriminator with a condition,
// clipping, what it refuses, no allocation.
#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/network/model.hpp>
#include <tessera/training/gan_step.hpp>

#include "../count_allocations.hpp"

using namespace tessera;
using tessera::testing::allocations;

namespace {

constexpr Window same = kernel(3).same(), half = kernel(3).stride(2).same();
using G = Network<Input<8, 6, 3>, Conv2d<3, 8, same>, BatchNorm2d<8>, LeakyReLU<>,
                  Conv2d<8, 3, same>, Tanh>;
using D = Network<Input<8, 6, 3>, Conv2d<3, 4, half>, BatchNorm2d<4>, LeakyReLU<>,
                  Conv2d<4, 1, same>, Sigmoid>;
using Conditional =
    Network<Inputs<Input<8, 6, 3, "condition">, Input<8, 6, 3, "image">>, ConcatWith<"image">,
            Conv2d<6, 4, half>, BatchNorm2d<4>, LeakyReLU<>, Conv2d<4, 1, same>>;
using Large = Network<Input<16, 16, 3>, Conv2d<3, 1, kernel(9)>>;

constexpr int batch = 3;
constexpr Adam adam{.learning_rate = 1e-2, .beta1 = 0.5};
constexpr Sgd sgd{.learning_rate = 0.1};

struct Images {
  Tensor<float> input{batch, {8, 6, 3}}, truth{batch, {8, 6, 3}};
  explicit Images(std::uint64_t seed) {
    RandomStream random(Seed{seed}, 0);
    for (float& v : input.span()) v = static_cast<float>(random.uniform());
    for (float& v : truth.span()) v = static_cast<float>(random.uniform());
  }
};

void copy(View<const float> from, View<float> to) {
  for (std::ptrdiff_t p = 0; p < from.pixels(); ++p)
    std::copy_n(from.pixel(p), from.channels, to.pixel(p));
}
template <class M>
std::vector<float> numbers(M& model) {
  std::vector<float> all(model.parameters().begin(), model.parameters().end());
  all.insert(all.end(), model.statistics().begin(), model.statistics().end());
  return all;
}

/// Two models, and what training them left.
template <class DNet>
struct Pair {
  Model<G> g{Seed{1}, Context<Cpu>{1}};
  Model<DNet> d{Seed{2}, Context<Cpu>{1}};
};

template <class DNet>
auto make_step(Pair<DNet>& pair, const GanOptions& options) {
  return GanStep(pair.g, pair.d, 0.9 * L1Loss{}, LsganLoss{}, adam, sgd, options);
}

/// The same step by hand, as a user would write it.
template <class DNet>
void by_hand(Pair<DNet>& pair, const Images& images, const GanOptions& options, int steps) {
  constexpr int image = DNet::structure.inputs - 1;
  Optimizer g_optimizer(pair.g, adam);
  Optimizer d_optimizer(pair.d, sgd);
  auto made = pair.g.pass({.batch = batch});
  auto real = pair.d.pass({.batch = batch}), fake = pair.d.pass({.batch = batch});
  auto judged =
      pair.d.pass({.batch = batch, .parameter_gradients = false, .input_gradients = true});
  const LsganLoss criterion;
  const auto scale = [&](auto& optimizer) {
    return options.clip_norm > 0 ? optimizer.clip_scale(options.clip_norm) : 1;
  };
  for (int s = 0; s < steps; ++s) {
    LossTerms terms;
    copy(images.input.view(), made.input());
    made.forward();
    Tensor<float> output(batch, {8, 6, 3});
    copy(made.output(), output.view());
    const auto show = [&](auto& pass, View<const float> shown) {
      if (image == 1) copy(images.input.view(), pass.input(0));
      copy(shown, pass.input(image));
      pass.forward();
      pass.zero_gradients();
    };
    const auto train_d = [&] {
      show(real, images.truth.view());
      show(fake, std::as_const(output).view());
      criterion.real(real, terms, options.discriminator_weight);
      criterion.fake(fake, terms, options.discriminator_weight);
      pair.d.zero_gradients();
      real.backward();
      fake.backward();
      d_optimizer.step(1, scale(d_optimizer));
    };
    const auto train_g = [&] {
      show(judged, std::as_const(output).view());
      made.zero_gradients();
      criterion.generator(judged, terms, options.adversarial_weight);
      (0.9 * L1Loss{})(made, Truth<float>{images.truth.view(), {}}, terms);
      judged.backward();
      kernels::add_into(pair.g.context(), judged.input_gradient(image), made.output_gradient());
      pair.g.zero_gradients();
      made.backward();
      g_optimizer.step(1, scale(g_optimizer));
    };
    if (options.generator_first) train_g();
    train_d();
    if (!options.generator_first) train_g();
  }
}

template <class DNet>
void check_step(const GanOptions& options) {
  const Images images(5);
  Pair<DNet> one, two;
  auto step = make_step(one, options);
  GanTerms terms;
  for (int s = 0; s < 3; ++s) {
    copy(images.input.view(), step.generator_pass().input());
    terms = step({images.truth.view(), {}});
  }
  by_hand(two, images, options, 3);
  CHECK(numbers(one.g) == numbers(two.g));
  CHECK(numbers(one.d) == numbers(two.d));
  Pair<DNet> untrained;
  CHECK(numbers(one.g) != numbers(untrained.g));
  CHECK(numbers(one.d) != numbers(untrained.d));
  REQUIRE(terms.generator.terms().size() == 2);
  REQUIRE(terms.discriminator.terms().size() == 2);
  CHECK(terms.generator.terms()[1].name == "l1");
  CHECK(terms.discriminator.terms()[0].name == "d_real");
  CHECK(terms.discriminator.terms()[1].name == "d_fake");
}

}  // namespace

TEST_CASE("GanStep: the same bits as a step written by hand") {
  check_step<D>({.batch = batch, .adversarial_weight = 0.1});
  check_step<D>({.batch = batch, .discriminator_weight = 0.5, .generator_first = true});
  check_step<D>({.batch = batch, .adversarial_weight = 0.1, .clip_norm = 0.01});
  check_step<Conditional>({.batch = batch, .adversarial_weight = 0.1});
  check_step<Conditional>({.batch = batch, .clip_norm = 0.01, .generator_first = true});
}

TEST_CASE("GanStep: without an adversarial weight the generator does not feel the discriminator") {
  const Images images(6);
  Pair<D> alone, both;
  auto step = make_step(both, {.batch = batch, .adversarial_weight = 0});
  Optimizer optimizer(alone.g, adam);
  auto pass = alone.g.pass({.batch = batch});
  for (int s = 0; s < 3; ++s) {
    copy(images.input.view(), step.generator_pass().input());
    step({images.truth.view(), {}});
    LossTerms terms;
    copy(images.input.view(), pass.input());
    pass.forward();
    pass.zero_gradients();
    (0.9 * L1Loss{})(pass, Truth<float>{images.truth.view(), {}}, terms);
    alone.g.zero_gradients();
    pass.backward();
    optimizer.step();
  }
  CHECK(numbers(alone.g) == numbers(both.g));
}

TEST_CASE("GanStep: a step allocates nothing") {
  const Images images(7);
  Pair<D> pair;
  auto step = make_step(pair, {.batch = batch});
  step({images.truth.view(), {}});
  const long before = allocations;
  step({images.truth.view(), {}});
  CHECK(allocations == before);
}

TEST_CASE("GanStep: what it refuses") {
  Pair<Large> pair;
  CHECK_THROWS_WITH_AS(make_step(pair, {.batch = batch}),
                       doctest::Contains("the layer's window is larger than its padded input"),
                       ShapeError);
  Images images(8);
  images.truth.span()[4] = std::numeric_limits<float>::quiet_NaN();
  Pair<D> two;
  auto step = make_step(two, {.batch = batch});
  copy(images.input.view(), step.generator_pass().input());
  const auto before = std::vector<float>(two.d.parameters().begin(), two.d.parameters().end());
  CHECK_THROWS_WITH_AS(step({images.truth.view(), {}}),
                       doctest::Contains("the loss of the discriminator is not finite"), Error);
  CHECK(before == std::vector<float>(two.d.parameters().begin(), two.d.parameters().end()));
}

TEST_CASE("GanStep: a truth of another batch or size is refused before anything is trained") {
  Pair<D> pair;
  auto step = make_step(pair, {.batch = batch});
  const auto g = numbers(pair.g), d = numbers(pair.d);
  const Tensor<float> fewer(batch - 1, {8, 6, 3}), smaller(batch, {8, 5, 3});
  for (const Tensor<float>* const truth : {&fewer, &smaller})
    CHECK_THROWS_WITH_AS(
        step({truth->view(), nullptr}),
        doctest::Contains("gan_step: the network's output is 3 of 8x6x3, the truth"), ShapeError);
  CHECK(numbers(pair.g) == g);
  CHECK(numbers(pair.d) == d);
}

namespace {

/// Four channels in, as an image and its hole; three out.
using FourIn = Network<Input<8, 6, 4>, Conv2d<4, 3, same>>;
using FourCondition = Network<Inputs<Input<8, 6, 4, "condition">, Input<8, 6, 3, "image">>,
                              ConcatWith<"image">, Conv2d<7, 1, half>>;
/// Half the size out: a condition of another size cannot be joined with it.
using Halving = Network<Input<8, 6, 3>, Conv2d<3, 3, half>>;

}  // namespace

TEST_CASE("GanStep: the condition has the channels and the size of the generator's input") {
  Model<FourIn> g(Seed{1}, Context<Cpu>{1});
  Model<FourCondition> d(Seed{2}, Context<Cpu>{1});
  GanStep step(g, d, L1Loss{}, LsganLoss{}, adam, sgd, {.batch = batch});
  const Images images(9);
  const auto before = std::vector<float>(d.parameters().begin(), d.parameters().end());
  step({images.truth.view(), {}});
  CHECK(before != std::vector<float>(d.parameters().begin(), d.parameters().end()));

  Model<Halving> smaller;
  Model<Conditional> judge;
  CHECK_THROWS_WITH_AS(
      GanStep(smaller, judge, L1Loss{}, LsganLoss{}, adam, sgd, {.batch = batch}),
      doctest::Contains("a concatenation joins channels, so both inputs need the same height"),
      ShapeError);
}

namespace {

/// Numbers, counters and dropout's count of both models.
template <class DNet>
std::vector<float> everything(Pair<DNet>& pair) {
  std::vector<float> all = numbers(pair.g), d = numbers(pair.d);
  all.insert(all.end(), d.begin(), d.end());
  for (const std::int64_t c : pair.g.state().counters.span()) all.push_back(static_cast<float>(c));
  for (const std::int64_t c : pair.d.state().counters.span()) all.push_back(static_cast<float>(c));
  all.push_back(static_cast<float>(pair.g.state().training_passes));
  all.push_back(static_cast<float>(pair.d.state().training_passes));
  return all;
}

}  // namespace

TEST_CASE("GanStep: a step that is refused leaves both networks as they were") {
  for (const bool generator_first : {false, true})
    for (const float value :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
      for (const bool in_truth : {false, true}) {
        CAPTURE(generator_first);
        CAPTURE(in_truth);
        Pair<Conditional> pair, twin;
        const GanOptions options{.batch = batch, .generator_first = generator_first};
        auto step = make_step(pair, options), undisturbed = make_step(twin, options);
        const Images images(5);
        const auto good = [&](auto& s) {
          copy(images.input.view(), s.generator_pass().input());
          s({images.truth.view(), {}});
        };
        good(step), good(undisturbed);
        const auto before = everything(pair);
        Images bad(6);
        (in_truth ? bad.truth : bad.input).span()[40] = value;
        for (int i = 0; i < 2; ++i) {
          copy(bad.input.view(), step.generator_pass().input());
          CHECK_THROWS_AS(step({bad.truth.view(), {}}), Error);
          CHECK(everything(pair) == before);
        }
        good(step), good(undisturbed);
        CHECK(everything(pair) == everything(twin));
      }
}

TEST_CASE("GanStep: a network that was trained already keeps its part of a refused step") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Images images(5);
  {
    Pair<D> pair;  // the discriminator learns; then the generator's loss is infinite
    auto step = make_step(pair, {.batch = batch, .adversarial_weight = infinity});
    const auto g = numbers(pair.g), d = numbers(pair.d);
    copy(images.input.view(), step.generator_pass().input());
    CHECK_THROWS_WITH_AS(step({images.truth.view(), {}}),
                         doctest::Contains("the loss of the generator is not finite"), Error);
    CHECK(numbers(pair.g) == g);
    CHECK(numbers(pair.d) != d);
    CHECK(pair.g.counter("1.num_batches_tracked") == 0);
    CHECK(pair.d.counter("1.num_batches_tracked") == 2);  // the truth, and what was generated
  }
  Pair<D> pair;
  auto step =
      make_step(pair, {.batch = batch, .discriminator_weight = infinity, .generator_first = true});
  const auto g = numbers(pair.g);
  copy(images.input.view(), step.generator_pass().input());
  CHECK_THROWS_WITH_AS(step({images.truth.view(), {}}),
                       doctest::Contains("the loss of the discriminator is not finite"), Error);
  CHECK(numbers(pair.g) != g);
  CHECK(pair.g.counter("1.num_batches_tracked") == 1);
  CHECK(pair.d.counter("1.num_batches_tracked") == 1);  // as the generator's judge
}
