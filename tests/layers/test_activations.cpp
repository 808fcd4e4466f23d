// SPDX-License-Identifier: BSD-3-Clause
// ReLU, LeakyReLU, ELU, GELU, SiLU, Sigmoid, Tanh as layers: gradients, values, NaN, masks.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

/// Alone, and behind a convolution in a slice of a concatenation, where dead buffers are poisoned.
template <class Layer>
void check_gradients() {
  expect_gradients<Network<Input<5, 7, 3>, Layer>>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<Network<Input<5, 7, 3>, Conv2d<3, 5, kernel(3).same()>, SkipConcat<Layer>, Layer,
                           Conv2d<10, 2, kernel(1)>>>({{5, 7, 3}});
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
  check_gradients<ELU<>>();
  check_gradients<ELU<alpha(0.5)>>();
  check_gradients<GELU>();
  check_gradients<SiLU>();
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

TEST_CASE("ELU, GELU, SiLU: torch's values and derivatives (2.15, double), also at 0") {
  struct Row {
    double x, elu, d_elu, half_elu, d_half_elu, gelu, d_gelu, silu, d_silu;
  };
  // clang-format off
  const Row rows[]{
    {-40, -1, 4.248354255291589e-18, -0.5, 2.1241771276457944e-18, 0, 0,
     -1.6993417021166355e-16, -1.6568581595637197e-16},
    {-6, -0.9975212478233336, 0.0024787521766663585, -0.4987606239116668, 0.0012393760883331792,
     -5.919525869479969e-09, -3.546870945402639e-08, -0.014835738939808647, -0.012326432591525513},
    {-1.5, -0.7768698398515702, 0.22313016014842982, -0.3884349199257851, 0.11156508007421491,
     -0.10021080190328704, -0.1274691922299796, -0.2736382857095345, -0.041294154299142946},
    {-0.3, -0.2591817793182821, 0.7408182206817179, -0.12959088965914106, 0.37040911034085894,
     -0.1146265733433142, 0.26767223317289013, -0.1276672449565023, 0.3522199896811173},
    {-1e-9, -9.999999995e-10, 0.999999999, -4.9999999975e-10, 0.4999999995,
     -4.999999996010577e-10, 0.49999999920211546, -4.9999999975e-10, 0.49999999949999996},
    {0, 0, 1, 0, 0.5, 0, 0.5, 0, 0.5},
    {1e-9, 1e-9, 1, 1e-9, 1, 5.000000003989423e-10, 0.5000000007978846, 5.000000002500001e-10,
     0.5000000005},
    {0.7, 0.7, 1, 0.7, 1, 0.5306254434438489, 0.9766141011336599, 0.46773144051771626,
     0.8233867834733425},
    {2.5, 2.5, 1, 2.5, 1, 2.4844758366855597, 1.037611085908145, 2.3103545499468914,
     1.0994011113415267},
    {30, 30, 1, 30, 1, 30, 1, 29.999999999997197, 1.000000000002711}};
  // clang-format on
  const auto close = [](double got, double expected) {
    return std::fabs(got - expected) <= 4e-14 + 1e-14 * std::fabs(expected);
  };
  for (const Row& r : rows) {
    CAPTURE(r.x);
    CHECK(close(at<ELU<>>(r.x).first, r.elu));
    CHECK(close(at<ELU<>>(r.x).second, r.d_elu));
    CHECK(close(at<ELU<alpha(0.5)>>(r.x).first, r.half_elu));
    CHECK(close(at<ELU<alpha(0.5)>>(r.x).second, r.d_half_elu));
    CHECK(close(at<GELU>(r.x).first, r.gelu));
    CHECK(close(at<GELU>(r.x).second, r.d_gelu));
    CHECK(close(at<SiLU>(r.x).first, r.silu));
    CHECK(close(at<SiLU>(r.x).second, r.d_silu));
  }
  CHECK(at<ELU<>>(-1e-9).first == doctest::Approx(-9.999999995e-10).epsilon(1e-14));  // expm1
  CHECK(at<ELU<alpha(0)>>(-2) == std::pair(0.0, 0.0));
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(at<ELU<>>(nan).first));
  CHECK(std::isnan(at<GELU>(nan).first));
  CHECK(std::isnan(at<SiLU>(nan).first));
  CHECK(at<ELU<>>(-infinity) == std::pair(-1.0, 0.0));
  CHECK(at<ELU<>>(1e4) == std::pair(1e4, 1.0));
  CHECK(at<GELU>(1e4) == std::pair(1e4, 1.0));
  CHECK(at<GELU>(-1e4) == std::pair(0.0, 0.0));
  CHECK(at<SiLU>(1e4) == std::pair(1e4, 1.0));
  CHECK(at<SiLU>(-1e4) == std::pair(0.0, 0.0));
}

TEST_CASE("activations: shapes, masks, names; no parameters") {
  using Net = Network<MaskedInput<4, 5, 3>, ReLU, LeakyReLU<>, ELU<>, GELU, SiLU, Sigmoid, Tanh>;
  static_assert(output_shape<Net> == Shape{4, 5, 3});
  static_assert(output_mask<Net> == Shape{4, 5, 3}.with_mask().mask);
  static_assert(parameter_count<Net> == 0 && Net::structure.tensors.empty());
  static_assert(layer_of<LeakyReLU<slope(0.1)>>.name == "leaky_relu");
  static_assert(layer_of<ELU<>>.name == "elu" && layer_of<GELU>.name == "gelu");
  static_assert(layer_of<SiLU>.name == "silu");
  static_assert(!layer_of<ELU<>>.needs_x && layer_of<ELU<>>.needs_y);
  static_assert(layer_of<GELU>.needs_x && !layer_of<GELU>.needs_y);
  static_assert(layer_of<SiLU>.needs_x && !layer_of<SiLU>.needs_y);
  static_assert(layer_of<Tanh>.in_place && !layer_of<Tanh>.needs_x && layer_of<Tanh>.needs_y);
}
