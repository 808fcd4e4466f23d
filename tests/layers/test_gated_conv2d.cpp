// SPDX-License-Identifier: BSD-3-Clause
// GatedConv2d: gradients, values against the formula, names, shapes, complaints.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/gated_conv2d.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/model.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

constexpr Window same = kernel(3).padding(1);
using Alone = Network<Input<5, 7, 3>, GatedConv2d<3, 4, same>>;
using Strided =
    Network<Input<9, 7, 4>, Named<"g1", GatedConv2d<4, 5, kernel(5).stride(2).padding(2)>>,
            Named<"g2", GatedConv2d<5, 2, same.no_bias(), Tanh>>>;
using Beside = Network<Input<5, 3, 3>, Conv2d<3, 2, same>, SkipConcat<GatedConv2d<2, 3, same>>,
                       Conv2d<5, 2, same>>;
using Masked = Network<MaskedInput<5, 3, 3>, GatedConv2d<3, 2, same>>;

}  // namespace

TEST_CASE("GatedConv2d: gradients") {
  expect_gradients<Alone>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<Strided>();
  expect_gradients<Beside>();
}

TEST_CASE("GatedConv2d: y = activation(conv2d(x)) sigmoid(mask_conv2d(x))") {
  Model<Alone, Cpu, double> model(Seed{3});
  for (double& w : model.parameters()) w *= 3;
  Model<Network<Input<5, 7, 3>, Conv2d<3, 4, same>>, Cpu, double> feature, gate;
  for (const char* name : {"weight", "bias"}) {
    feature.set(std::string("0.") + name, model.get(std::string("conv2d.") + name));
    gate.set(std::string("0.") + name, model.get(std::string("mask_conv2d.") + name));
  }
  auto y = model.pass({.batch = 2}), f = feature.pass({.batch = 2}), g = gate.pass({.batch = 2});
  RandomStream random(Seed{4}, 0);
  for (std::ptrdiff_t i = 0; i < y.input().size(); ++i)
    y.input().data[i] = f.input().data[i] = g.input().data[i] = random.normal();
  y.forward();
  f.forward();
  g.forward();
  REQUIRE(y.output().size() == 2 * 5 * 7 * 4);
  bool below = false;
  for (std::ptrdiff_t i = 0; i < y.output().size(); ++i) {
    const double v = f.output().data[i];
    below |= v < 0;
    CHECK(y.output().data[i] ==
          doctest::Approx((v > 0 ? v : std::expm1(v)) / (1 + std::exp(-g.output().data[i])))
              .epsilon(1e-12));
  }
  CHECK(below);
}

TEST_CASE("GatedConv2d: names, counts, shapes, complaints") {
  static_assert(output_shape<Alone> == Shape{5, 7, 4});
  static_assert(output_shape<Strided> == Shape{5, 4, 2});
  static_assert(
      !Masked::structure.values[static_cast<std::size_t>(Masked::structure.output)].shape.masked());
  static_assert(parameter_count<Alone> == 2 * (3 * 4 * 9 + 4));
  std::vector<std::string> names;
  for (const auto& t : Model<Strided>().tensors()) names.push_back(t.name);
  CHECK(names == std::vector<std::string>{"g1.mask_conv2d.weight", "g1.mask_conv2d.bias",
                                          "g1.conv2d.weight", "g1.conv2d.bias",
                                          "g2.mask_conv2d.weight", "g2.conv2d.weight"});
  Model<Network<Input<5, 7, 3>, GatedConv2d<3, 4, kernel(5)>>> model;
  CHECK_THROWS_WITH_AS(model.pass({.inputs = {Shape{4, 7, 3}}}),
                       "conv2d \"mask_conv2d\": the layer's window is larger than its padded "
                       "input; input is 4x7x3",
                       ShapeError);
  CHECK_THROWS_WITH_AS(model.pass({.inputs = {Shape{5, 7, 4}}}),
                       "input 0: the network takes 3 channels, got 5x7x4", ShapeError);
}
