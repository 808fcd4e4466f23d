// SPDX-License-Identifier: BSD-3-Clause
// ReLU, LeakyReLU, Sigmoid, Tanh as layers: gradients, values, NaN, masks.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/activations.hpp>
#include <tessera/testing/gradient_check.hpp>

using namespace tessera;
using testing::gradient_check;

namespace {

template <class Layer>
void check_gradients() {
  for (const Shape size : {Shape{5, 7, 3}, Shape{1, 1, 3}, Shape{3, 17, 3}})
    for (int batch = 1; batch <= 3; ++batch) {
      const auto report =
          gradient_check<Network<Input<5, 7, 3>, Layer>>({.batch = batch, .inputs = {size}});
      CHECK_MESSAGE(report.passed(), report.text());
    }
}

/// f and its derivative at x, from a pass over a few pixels.
template <class Layer>
std::pair<double, double> at(double x) {
  Model<Network<Input<1, 3, 7>, Layer>, Cpu, double> model;
  auto pass = model.pass({.input_gradients = true});
  std::fill_n(pass.input().data, 21, x);
  pass.forward();
  const double y = pass.output().data[20];
  pass.zero_gradients();
  std::fill_n(pass.output_gradient().data, 21, 1.0);
  pass.backward();
  return {y, pass.input_gradient().data[20]};
}

}  // namespace

TEST_CASE("activations: gradients") {
  check_gradients<ReLU>();
  check_gradients<LeakyReLU<>>();
  check_gradients<Sigmoid>();
  check_gradients<Tanh>();
}

TEST_CASE("activations: values, derivatives at the kink, extremes, NaN") {
  CHECK(at<ReLU>(-2) == std::pair(0.0, 0.0));
  CHECK(at<ReLU>(0) == std::pair(0.0, 0.0));
  CHECK(at<ReLU>(3) == std::pair(3.0, 1.0));
  CHECK(at<LeakyReLU<>>(-2) == std::pair(-0.4, 0.2));
  CHECK(at<LeakyReLU<slope(0.5)>>(-2) == std::pair(-1.0, 0.5));
  CHECK(at<LeakyReLU<>>(2) == std::pair(2.0, 1.0));
  for (const double x : {-30.0, -1.5, 0.0, 0.7, 25.0}) {
    const double s = 1 / (1 + std::exp(-x)), t = std::tanh(x);
    CHECK(at<Sigmoid>(x).first == doctest::Approx(s).epsilon(1e-13));
    CHECK(at<Sigmoid>(x).second == doctest::Approx(s * (1 - s)).epsilon(1e-12));
    CHECK(at<Tanh>(x).first == doctest::Approx(t).epsilon(1e-13));
    CHECK(at<Tanh>(x).second == doctest::Approx(1 - t * t).epsilon(1e-12));
  }
  CHECK(at<Sigmoid>(-1e4).first == 0);
  CHECK(at<Tanh>(1e4).first == 1);
  const double nan = std::nan("");
  CHECK(std::isnan(at<ReLU>(nan).first));
  CHECK(std::isnan(at<LeakyReLU<>>(nan).first));
  CHECK(std::isnan(at<Sigmoid>(nan).first));
  CHECK(std::isnan(at<Tanh>(nan).first));
}

TEST_CASE("activations: shapes, masks, names; no parameters") {
  using Net = Network<MaskedInput<4, 5, 3>, ReLU, LeakyReLU<>, Sigmoid, Tanh>;
  static_assert(output_shape<Net> == Shape{4, 5, 3});
  static_assert(output_mask<Net> == Shape{4, 5, 3}.with_mask().mask);
  static_assert(parameter_count<Net> == 0 && Net::structure.tensors.empty());
  static_assert(layer_of<LeakyReLU<slope(0.1)>>.name == "leaky_relu");
  static_assert(layer_of<Tanh>.in_place && !layer_of<Tanh>.needs_x && layer_of<Tanh>.needs_y);
}
