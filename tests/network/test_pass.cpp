// SPDX-License-Identifier: BSD-3-Clause
// Passes: nothing that is still needed is overwritten, a step does not allocate, wrong use is
// refused.
#include <doctest/doctest.h>

#include <cstring>
#include <memory>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/optimizers/optimizer.hpp>
#include <tessera/testing/gradient_check.hpp>

#include "../count_allocations.hpp"

using namespace tessera;
using testing::allocations;
using testing::gradient_check;

namespace {

constexpr Window same = kernel(3).same();
template <int In, int Out, int Stride = 1>
struct Module : Sequential<PartialConv2d<In, Out, kernel(3).stride(Stride).same()>,
                           BatchNorm2d<Out>, LeakyReLU<>> {};
/// Small, with everything the documented ones have: levels, a value read twice, masks in groups.
using UNet = Network<MaskedInput<8, 8, 3>, Module<3, 4>,
                     SkipConcat<Module<4, 4, 2>, Tap<"inner">, SkipConcat<>, Upsample2d<2>>,
                     Module<12, 5>, PartialConv2d<5, 3, same>, Sigmoid>;
/// Activations in place right behind a concatenation whose skip is read again in backward.
using Overwriting = Network<Input<5, 4, 2>, Conv2d<2, 3, same>, SkipConcat<Conv2d<3, 2, same>>,
                            ReLU, SkipConcat<Conv2d<5, 2, same>, SkipConcat<Conv2d<2, 2, same>>>,
                            Tanh, Conv2d<9, 2, same>>;

template <class Net, class T>
struct Step {
  Model<Net, Cpu, T> model{Seed{3}};
  Pass<Cpu, T> pass;
  Tensor<T> truth;
  std::vector<T> result;

  explicit Step(const PassOptions& options)
      : pass(model.pass(options)), truth(pass.batch(), pass.output().shape()) {}

  void run() {
    RandomStream random(Seed{4}, 0);
    const View<T> x = pass.input();
    for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<T>(random.normal());
    const auto valid = pass.input_valid();
    for (std::ptrdiff_t i = 0; i < valid.size(); ++i) valid.data[i] = random.uniform() > 0.4;
    pass.forward();
    pass.zero_gradients();
    LossTerms terms;
    MseLoss{}(pass, Truth<T>{truth.view(), {}}, terms);
    model.zero_gradients();
  }
  /// Output and gradients of one step.
  std::vector<T> values() {
    run();
    std::vector<T> v(pass.output().data, pass.output().data + pass.output().size());
    pass.backward();
    v.insert(v.end(), model.gradients().begin(), model.gradients().end());
    const auto dx = pass.input_gradient();
    if (dx) v.insert(v.end(), dx.data, dx.data + dx.size());
    return v;
  }
};

template <class Net>
void check_poison() {
  PassOptions options{.batch = 3, .input_gradients = true};
  Step<Net, float> plain(options);
  options.poison_dead_buffers = true;
  Step<Net, float> poisoned(options);
  const auto a = plain.values(), b = poisoned.values(), c = poisoned.values();
  CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
  CHECK(std::memcmp(a.data(), c.data(), a.size() * sizeof(float)) == 0);
  for (const float v : a) REQUIRE(std::isfinite(v));
}

}  // namespace

TEST_CASE("an activation in place after a skip keeps the skip intact") {
  const auto report = gradient_check<Overwriting>({.entries = 1000});
  CHECK_MESSAGE(report.passed(), report.text());
  check_poison<Overwriting>();
}

TEST_CASE("dead buffers may hold anything") {
  check_poison<UNet>();
  const auto report = gradient_check<UNet>({.tolerance = 1e-5});
  CHECK_MESSAGE(report.passed(), report.text());
}

TEST_CASE("a training step does not allocate after the first") {
  Step<UNet, float> step({.batch = 2});
  Optimizer optimizer(step.model, Adam{});
  const auto one = [&] {
    step.run();
    step.pass.backward();
    optimizer.step(1, optimizer.clip_scale(1.0));
  };
  one();
  const long before = allocations;
  REQUIRE(before > 0);
  for (int i = 0; i < 3; ++i) one();
  CHECK(allocations == before);
}

TEST_CASE("the arena is what the plan says, and evaluation needs less") {
  Model<UNet> model;
  const auto train = model.pass({.batch = 4}),
             evaluate = model.pass({.batch = 4, .mode = Mode::evaluate, .gradients = false});
  CHECK(train.arena_bytes() == train.plan().bytes);
  CHECK(evaluate.arena_bytes() < train.arena_bytes());
}

TEST_CASE("taps: kept values and injected gradients") {
  Step<UNet, float> step({.batch = 2, .keep = {"inner"}, .inject = {"inner"}});
  Step<UNet, float> other({.batch = 2});
  CHECK(step.values() == other.values());
  CHECK(step.pass.tap("inner").shape() == Shape{4, 4, 4});
  step.run();
  step.pass.tap_gradient("inner").data[0] = 1;
  step.pass.backward();
  const auto a = step.model.gradient("0.weight");
  other.run();
  other.pass.backward();
  CHECK(a != other.model.gradient("0.weight"));
  CHECK(step.model.gradient("10.weight") == other.model.gradient("10.weight"));  // behind the tap
}

TEST_CASE("a pass may move between forward and backward") {
  Step<UNet, float> step({.batch = 2}), other({.batch = 2});
  auto kept = std::make_unique<Pass<Cpu, float>>(std::move(step.pass));
  step.pass = std::move(*kept);
  kept.reset();
  CHECK(step.values() == other.values());
}

TEST_CASE("wrong use is refused with a sentence") {
  Model<UNet> model;
  auto without = model.pass({.gradients = false});
  CHECK_THROWS_WITH_AS(without.backward(),
                       "this pass was made without gradients; ask for them in PassOptions",
                       ArgumentError);
  auto pass = model.pass({});
  CHECK_THROWS_WITH_AS(pass.tap("inner"),
                       "tap \"inner\" was not asked for: name it in PassOptions::keep",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(pass.tap_gradient("inner"),
                       "tap \"inner\" was not asked for: name it in PassOptions::inject",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(pass.tap("nowhere"), "the network has no Tap or Input \"nowhere\"",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(model.pass({.keep = {"nowhere"}}),
                       "the network has no Tap or Input \"nowhere\"", ArgumentError);
  CHECK_THROWS_WITH_AS(model.pass({.batch = 0}), "a pass needs a batch of at least 1, got 0",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(
      model.pass({.inputs = {Shape{7, 8, 3}}}),
      "concat: a concatenation joins channels, so both inputs need the same height "
      "and width; input is 8x8x8 (masked) and 7x8x4 (masked)",
      ShapeError);
  model.freeze("0");
  CHECK_THROWS_WITH_AS(pass.backward(),
                       "layers were frozen or unfrozen after this pass was made; make a new pass",
                       ArgumentError);
}
