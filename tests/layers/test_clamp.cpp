// SPDX-License-Identifier: BSD-3-Clause
// Clamp as a layer: gradients, values, the derivative at and beyond the bounds, NaN, masks.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <tessera/layers/clamp.hpp>
#include <tessera/layers/conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Wide = Clamp<bounds(-0.75, 0.5)>;

/// f and its derivative at x, from a pass over a few pixels, in float or double.
template <class Layer, class T = double>
std::pair<T, T> at(double x) {
  Model<Network<Input<1, 3, 7>, Layer>, Cpu, T> model;
  auto pass = model.pass({.input_gradients = true});
  std::fill_n(pass.input().data, 21, static_cast<T>(x));
  pass.forward();
  const T y = pass.output().data[20];
  pass.zero_gradients();
  std::fill_n(pass.output_gradient().data, 21, T(1));
  pass.backward();
  return {y, pass.input_gradient().data[20]};
}

}  // namespace

TEST_CASE("Clamp: gradients alone, behind a convolution, as a slice") {
  expect_gradients<Network<Input<5, 7, 3>, Clamp<>>>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<Network<Input<5, 7, 3>, Conv2d<3, 5, kernel(3).same()>, Wide,
                           Conv2d<5, 9, kernel(1)>, SkipConcat<Clamp<>>, Wide>>();
}

TEST_CASE("Clamp: values and derivatives; 1 at both bounds, 0 beyond them") {
  CHECK(at<Clamp<>>(-0.1) == std::pair(0.0, 0.0));
  CHECK(at<Clamp<>>(0) == std::pair(0.0, 1.0));
  CHECK(at<Clamp<>>(0.3) == std::pair(0.3, 1.0));
  CHECK(at<Clamp<>>(1) == std::pair(1.0, 1.0));
  CHECK(at<Clamp<>>(1.1) == std::pair(1.0, 0.0));
  CHECK(at<Wide>(-2) == std::pair(-0.75, 0.0));
  CHECK(at<Wide>(-0.75) == std::pair(-0.75, 1.0));
  CHECK(at<Wide>(0.5) == std::pair(0.5, 1.0));
  CHECK(at<Wide>(0.6) == std::pair(0.5, 0.0));
  CHECK(at<Clamp<>, float>(1) == std::pair(1.0f, 1.0f));
  CHECK(at<Clamp<>, float>(2) == std::pair(1.0f, 0.0f));
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(at<Clamp<>>(infinity) == std::pair(1.0, 0.0));
  CHECK(at<Clamp<>>(-infinity) == std::pair(0.0, 0.0));
  CHECK(std::isnan(at<Clamp<>>(std::nan("")).first));
  CHECK(std::isnan(at<Clamp<>, float>(std::nan("")).first));
}

TEST_CASE("Clamp: shapes, masks, names; no parameters") {
  using Net = Network<MaskedInput<4, 5, 3>, Clamp<>>;
  static_assert(output_shape<Net> == Shape{4, 5, 3});
  static_assert(output_mask<Net> == Shape{4, 5, 3}.with_mask().mask);
  static_assert(parameter_count<Net> == 0);
  static_assert(layer_of<Clamp<>>.name == "clamp");
  static_assert(layer_of<Clamp<>>.needs_x && !layer_of<Clamp<>>.needs_y);
}
