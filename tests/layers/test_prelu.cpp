// SPDX-License-Identifier: BSD-3-Clause
// PReLU as a layer: gradients, values of PyTorch, the derivative at 0, frozen, its state.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/prelu.hpp>

#include "../gradient_checks.hpp"
#include "both.hpp"

using namespace tessera;
using testing::Both;
using testing::expect_gradients;

namespace {

using Alone = Network<Input<5, 7, 3>, PReLU>;
using Behind =
    Network<Input<5, 7, 3>, Conv2d<3, 9, kernel(3).same()>, PReLU, Conv2d<9, 2, kernel(1)>, PReLU>;
using Strided = Network<Input<5, 7, 3>, Conv2d<3, 5, kernel(3).same()>,
                        Both<PReLU, Sequential<Sigmoid, PReLU>>, PReLU>;

}  // namespace

TEST_CASE("PReLU: gradients alone, behind a convolution, as slices") {
  expect_gradients<Alone>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<Behind>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<Strided>({{5, 7, 3}, {2, 1, 3}});
}

TEST_CASE("PReLU: torch.nn.PReLU's values and gradients, also at 0") {
  Model<Network<Input<1, 2, 3>, PReLU>, Cpu, double> model;
  CHECK(model.get("0.weight") == std::vector<double>{0.25});
  auto pass = model.pass({.input_gradients = true});
  const double x[]{-2, -0.5, 0, 1e-3, 3, -7}, dy[]{1, 2, 3, 4, 5, -6};
  std::copy_n(x, 6, pass.input().data);
  pass.forward();
  const double y[]{-0.5, -0.125, 0, 1e-3, 3, -1.75};
  for (int i = 0; i < 6; ++i) CHECK(pass.output().data[i] == y[i]);
  model.zero_gradients();
  std::copy_n(dy, 6, pass.output_gradient().data);
  pass.backward();
  const double dx[]{0.25, 0.5, 0.75, 4, 5, -1.5};  // at 0: weight dy, as PyTorch
  for (int i = 0; i < 6; ++i) CHECK(pass.input_gradient().data[i] == dx[i]);
  CHECK(model.gradients()[0] == -2 - 1 + 42);
}

TEST_CASE("PReLU: a frozen slope gets no gradient, its input does") {
  Model<Alone> model;
  model.freeze("0");
  auto pass = model.pass({.input_gradients = true});
  std::fill_n(pass.input().data, pass.input().size(), -1.0f);
  pass.forward();
  std::fill_n(pass.output_gradient().data, pass.input().size(), 1.0f);
  model.zero_gradients();
  pass.backward();
  CHECK(model.gradients()[0] == 0);
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    CHECK(pass.input_gradient().data[i] == 0.25f);
}

TEST_CASE("PReLU: shapes, masks, state") {
  using Net = Network<MaskedInput<4, 5, 3>, PReLU>;
  static_assert(output_shape<Net> == Shape{4, 5, 3});
  static_assert(output_mask<Net> == Shape{4, 5, 3}.with_mask().mask);
  static_assert(parameter_count<Net> == 1);
  constexpr auto list = PReLU::parameters({});
  static_assert(list[0].name == "weight" && list[0].dims == Dims{1});
  static_assert(layer_of<PReLU>.name == "prelu" && !layer_of<PReLU>.in_place);
}
