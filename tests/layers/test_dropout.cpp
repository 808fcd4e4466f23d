// SPDX-License-Identifier: BSD-3-Clause
// Dropout as a layer: gradients, the scale and the share dropped, which passes and layers share a
// mask, evaluation.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/dropout.hpp>

#include "../gradient_checks.hpp"
#include "both.hpp"

using namespace tessera;
using testing::Both;
using testing::expect_gradients;

namespace {

using Alone = Network<Input<5, 7, 3>, Dropout<probability(0.4)>>;
using Behind = Network<Input<5, 7, 3>, Conv2d<3, 9, kernel(3).same()>, Dropout<>, Sigmoid,
                       Conv2d<9, 2, kernel(1)>, Dropout<probability(0.25)>>;
/// Both branches are slices of the concatenation: views with a pixel stride.
using Strided = Network<Input<5, 7, 3>, Conv2d<3, 5, kernel(3).same()>,
                        Both<Dropout<probability(0.4)>, Sequential<Sigmoid, Dropout<>>>>;
using Big = Network<Input<64, 50, 6>, Dropout<probability(0.4)>>;
using Two = Network<Input<64, 50, 6>, Both<Dropout<>, Dropout<>>>;

template <class Net>
Pass<Cpu, float> ones_pass(Model<Net>& model, PassOptions options = {}) {
  options.input_gradients = true;
  auto pass = model.pass(options);
  return pass;
}
/// A forward of ones: the factors of every element.
std::vector<float> factors(Pass<Cpu, float>& pass) {
  std::fill_n(pass.input().data, pass.input().size(), 1.0f);
  pass.forward();
  return {pass.output().data, pass.output().data + pass.output().size()};
}
/// The gradient of a sum: the factors of every element again.
std::vector<float> backward_factors(Pass<Cpu, float>& pass) {
  pass.zero_gradients();
  std::fill_n(pass.output_gradient().data, pass.output_gradient().size(), 1.0f);
  pass.backward();
  return {pass.input_gradient().data, pass.input_gradient().data + pass.input_gradient().size()};
}
/// Share of elements where both are dropped or both kept.
double agreement(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) same += (a[i] == 0) == (b[i] == 0);
  return static_cast<double>(same) / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("Dropout: gradients alone, behind a convolution, as slices, in evaluation") {
  expect_gradients<Alone>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<Behind>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<Strided>({{5, 7, 3}, {2, 1, 3}});
  expect_gradients<Behind>({{5, 7, 3}}, {.mode = Mode::evaluate});
  expect_gradients<Strided>({{5, 7, 3}}, {.mode = Mode::evaluate});
}

TEST_CASE("Dropout: the share dropped, the scale, the same mask in backward") {
  Model<Big> model(Seed{5});
  auto pass = ones_pass(model, {.batch = 3});
  const auto y = factors(pass);
  double dropped = 0;
  for (const float v : y) {
    CHECK((v == 0 || v == static_cast<float>(1 / 0.6)));
    dropped += v == 0;
  }
  const double n = static_cast<double>(y.size());  // 57600
  CHECK(std::fabs(dropped - 0.4 * n) < 4 * std::sqrt(n * 0.4 * 0.6));
  CHECK(backward_factors(pass) == y);
}

TEST_CASE("Dropout: each forward, pass, layer and seed has a mask of its own") {
  Model<Big> model(Seed{5});
  auto a = ones_pass(model, {.batch = 3}), b = ones_pass(model, {.batch = 3});
  const auto first = factors(a), second = factors(b);
  CHECK(std::fabs(agreement(first, second) - 0.52) < 0.01);  // 0.4^2 + 0.6^2
  CHECK(backward_factors(a) == first);                       // each its own, in any order
  CHECK(backward_factors(b) == second);
  const auto third = factors(a);
  CHECK(std::fabs(agreement(first, third) - 0.52) < 0.01);
  CHECK(std::fabs(agreement(second, third) - 0.52) < 0.01);
  CHECK(backward_factors(b) == second);

  Model<Big> same(Seed{5}), other(Seed{6});
  auto c = ones_pass(same, {.batch = 3}), d = ones_pass(other, {.batch = 3});
  CHECK(factors(c) == first);
  CHECK(factors(c) == second);
  CHECK(std::fabs(agreement(factors(d), first) - 0.52) < 0.01);

  Model<Two> two(Seed{5});
  auto pass = ones_pass(two);
  factors(pass);
  double equal = 0;
  for (std::ptrdiff_t p = 0; p < pass.output().pixels(); ++p)
    for (int i = 0; i < 6; ++i) equal += pass.output().pixel(p)[i] == pass.output().pixel(p)[6 + i];
  CHECK(std::fabs(equal / 19200 - 0.5) < 0.015);
}

TEST_CASE("Dropout: a sample's place in the batch counts, a pixel stride and threads do not") {
  Model<Big> one(Seed{5}, Context<Cpu>{1}), two(Seed{5}, Context<Cpu>{2});
  auto a = ones_pass(one, {.batch = 3}), b = ones_pass(two, {.batch = 3});
  const auto y = factors(a);
  CHECK(factors(b) == y);
  CHECK(backward_factors(b) == y);
  const std::vector<float> sample0(y.begin(), y.begin() + 19200),
      sample1(y.begin() + 19200, y.begin() + 38400);
  CHECK(std::fabs(agreement(sample0, sample1) - 0.52) < 0.015);
  // The first branch alone draws what it draws as a slice: operation 0 of both networks.
  Model<Two> both(Seed{5});
  Model<Network<Input<64, 50, 6>, Dropout<>>> alone(Seed{5});
  auto slices = ones_pass(both), whole = ones_pass(alone);
  factors(slices);
  factors(whole);
  int different = 0;
  for (std::ptrdiff_t p = 0; p < slices.output().pixels(); ++p)
    for (int i = 0; i < 6; ++i)
      different += slices.output().pixel(p)[i] != whole.output().pixel(p)[i];
  CHECK(different == 0);
}

TEST_CASE("Dropout: evaluation and probability 0 are the identity; evaluation draws nothing") {
  Model<Big> model(Seed{5});
  auto pass = ones_pass(model, {.mode = Mode::evaluate});
  CHECK(factors(pass) == std::vector<float>(19200, 1.0f));
  CHECK(backward_factors(pass) == std::vector<float>(19200, 1.0f));
  CHECK(model.state().training_passes == 0);
  Model<Network<Input<64, 50, 6>, Dropout<probability(0)>>> zero(Seed{5});
  auto all = ones_pass(zero);
  CHECK(factors(all) == std::vector<float>(19200, 1.0f));
  CHECK(backward_factors(all) == std::vector<float>(19200, 1.0f));
  CHECK(zero.state().training_passes == 1);
}

TEST_CASE("Dropout: shapes, masks, names; no parameters, no buffers") {
  using Net = Network<MaskedInput<4, 5, 3>, Dropout<probability(0.4)>>;
  static_assert(output_shape<Net> == Shape{4, 5, 3});
  static_assert(output_mask<Net> == Shape{4, 5, 3}.with_mask().mask);
  static_assert(parameter_count<Net> == 0 && Net::structure.tensors.empty());
  constexpr const Layer& layer = layer_of<Dropout<>>;
  static_assert(layer.name == "dropout" && layer.in_place && layer.gradient_in_place);
  static_assert(layer.strided && !layer.needs_x && !layer.needs_y);
}
