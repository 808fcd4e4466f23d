// SPDX-License-Identifier: BSD-3-Clause
// InstanceNorm2d: gradients, PyTorch's numbers, both modes alike, a single pixel refused.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/instance_norm2d.hpp>

#include "../gradient_checks.hpp"
#include "norm_numbers.hpp"

using namespace tessera;
using testing::compare;
using testing::expect_gradients;

namespace {

using Alone = Network<Input<5, 7, 3>, InstanceNorm2d<3>>;
using Behind = Network<Input<5, 7, 3>, Conv2d<3, 9, kernel(3).same()>, InstanceNorm2d<9>,
                       LeakyReLU<>, Conv2d<9, 5, kernel(1)>, InstanceNorm2d<5, eps(0.1)>>;
using Strided = Network<Input<5, 7, 3>, Conv2d<3, 5, kernel(3).same()>,
                        SkipConcat<InstanceNorm2d<5>>, InstanceNorm2d<10>>;

}  // namespace

TEST_CASE("InstanceNorm2d: gradients alone, behind a convolution, as a slice") {
  expect_gradients<Alone>({{5, 7, 3}, {1, 3, 3}, {7, 1, 3}});
  expect_gradients<Behind>({{5, 7, 3}, {3, 17, 3}});
  expect_gradients<Strided>({{5, 7, 3}, {4, 1, 3}});
  expect_gradients<Behind>({{5, 7, 3}}, {.mode = Mode::evaluate});
}

TEST_CASE("InstanceNorm2d: torch.nn.InstanceNorm2d(5) of [2, 3, 1, 5] (2.15, double)") {
  Model<Network<Input<3, 1, 5>, InstanceNorm2d<5>>, Cpu, double> model;
  compare(model,
          {-0.758166016529818, -1.412945758078296, 0.758166016529818, 1.412945758078296,
           -0.654779741548479},
          {-0.515709784579525, -0.050341947345395, -1.006849997579273, 0.050341947345395,
           -1.057191944924668});
}

TEST_CASE("InstanceNorm2d: training and evaluation, one thread and two: the same bits") {
  using Net = Network<Input<20, 31, 17>, InstanceNorm2d<17>>;
  std::vector<float> first;
  for (const Mode mode : {Mode::train, Mode::evaluate})
    for (const int threads : {1, 2}) {
      Model<Net> model(Seed{1}, Context<Cpu>{threads});
      auto pass = model.pass({.batch = 1, .mode = mode, .input_gradients = true});
      RandomStream random(Seed{2}, 0);
      for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
        pass.input().data[i] = static_cast<float>(random.normal());
      pass.forward();
      for (std::ptrdiff_t i = 0; i < pass.output().size(); ++i)
        pass.output_gradient().data[i] = static_cast<float>(random.normal());
      model.zero_gradients();
      std::vector<float> all(pass.output().data, pass.output().data + pass.output().size());
      pass.backward();
      const auto dx = pass.input_gradient();
      all.insert(all.end(), dx.data, dx.data + dx.size());
      all.insert(all.end(), model.gradients().begin(), model.gradients().end());
      if (first.empty()) first = all;
      REQUIRE(all.size() == first.size());
      CHECK(std::memcmp(all.data(), first.data(), all.size() * sizeof(float)) == 0);
    }
}

TEST_CASE("InstanceNorm2d: shapes, masks, no state, complaints") {
  using Layer = InstanceNorm2d<4>;
  static_assert(Layer::output_shape(Shape{3, 5, 4}).shape == Shape{3, 5, 4});
  static_assert(Layer::output_shape(Shape{3, 5, 4}.with_mask()).shape.masked());
  static_assert(Layer::output_shape(Shape{3, 5, 3}).complaint == Complaint::channels);
  static_assert(parameter_count<Alone> == 0 && Alone::structure.tensors.empty());
  static_assert(layer_of<Layer>.name == "instance_norm2d");
  Model<Alone> model;
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    auto pass = model.pass({.batch = 2, .mode = mode, .inputs = {Shape{1, 1, 3}}});
    CHECK_THROWS_WITH_AS(pass.forward(),
                         "instance_norm2d: expected more than one pixel per channel, got one (1x1)",
                         ArgumentError);
  }
  auto pass = model.pass({.inputs = {Shape{1, 2, 3}}});
  CHECK_NOTHROW(pass.forward());
}
