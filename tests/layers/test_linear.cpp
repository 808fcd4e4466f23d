// SPDX-License-Identifier: BSD-3-Clause
// Linear: gradients for few and many pixels, values against the formula, shapes, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/linear.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using One = Network<Input<1, 1, 7>, Linear<7, 5>>;
using Map = Network<Input<5, 3, 3>, Linear<3, 17>>;
using NoBias = Network<Input<2, 3, 9>, Linear<9, 2, no_bias()>>;
using Inside = Network<Input<3, 4, 2>, Named<"in", Conv2d<2, 3, kernel(1)>>,
                       SkipConcat<Named<"fc", Linear<3, 2>>>, Named<"out", Linear<5, 2>>>;

}  // namespace

TEST_CASE("Linear: gradients, alone and on slices between layers") {
  expect_gradients<One>();
  expect_gradients<Map>({{5, 3, 3}, {1, 1, 3}, {3, 17, 3}});
  expect_gradients<NoBias>();
  expect_gradients<Inside>({{3, 4, 2}, {7, 3, 2}});
}

TEST_CASE("Linear: every pixel by the formula") {
  Model<Map, Cpu, double> model(Seed{3});
  for (const int batch : {1, 3}) {
    auto pass = model.pass({.batch = batch});
    RandomStream random(Seed{4}, 0);
    const auto x = pass.input();
    const auto y = pass.output();
    for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = random.normal();
    pass.forward();
    const auto w = model.get("0.weight"), b = model.get("0.bias");
    REQUIRE(y.shape() == Shape{5, 3, 17});
    for (std::ptrdiff_t p = 0; p < y.pixels(); ++p)
      for (std::size_t o = 0; o < 17; ++o) {
        double sum = b[o];
        for (std::size_t i = 0; i < 3; ++i) sum += w[o * 3 + i] * x.pixel(p)[i];
        CHECK(y.pixel(p)[o] == doctest::Approx(sum).epsilon(1e-12));
      }
  }
}

TEST_CASE("Linear: shapes, parameters, complaints") {
  using Layer = Linear<8192, 64>;
  static_assert(Layer::output_shape(Shape{1, 1, 8192}).shape == Shape{1, 1, 64});
  static_assert(Layer::output_shape(Shape{1, 1, 8191}).complaint == Complaint::channels);
  static_assert(!Linear<3, 4>::output_shape(Shape{2, 2, 3}.with_mask()).shape.masked());
  constexpr auto list = Layer::parameters({});
  static_assert(list.size() == 2 && list[0].name == "weight" && list[1].name == "bias");
  static_assert(list[0].dims == Dims{64, 8192} && list[1].dims == Dims{64});
  static_assert(Linear<3, 4, no_bias()>::parameters({}).size() == 1);
  CHECK(list[0].initializer.value == doctest::Approx(1 / std::sqrt(8192.0)));
  CHECK(list[1].initializer.value == doctest::Approx(1 / std::sqrt(8192.0)));
  static_assert(parameter_count<Network<Input<1, 1, 8192>, Layer>> == 524352);
}
