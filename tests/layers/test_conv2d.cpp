// SPDX-License-Identifier: BSD-3-Clause
// Conv2d as a layer: values against the formula, gradients by differences, shapes, parameters,
// complaints.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Same = Network<Input<5, 7, 3>, Conv2d<3, 4, kernel(3).same()>>;
using Strided = Network<Input<9, 7, 2>, Conv2d<2, 5, kernel(4).stride(2).padding(1)>>;
using Point = Network<Input<3, 3, 5>, Conv2d<5, 17, kernel(1).no_bias()>>;

}  // namespace

TEST_CASE("Conv2d: gradients at odd sizes, strides and batches") {
  expect_gradients<Same>({{5, 7, 3}, {1, 1, 3}, {3, 17, 3}, {8, 2, 3}});
  expect_gradients<Strided>({{9, 7, 2}, {2, 2, 2}, {5, 12, 2}});
  expect_gradients<Point>({{3, 3, 5}, {1, 9, 5}});
}

TEST_CASE("Conv2d: values equal the formula") {
  Model<Strided, Cpu, double> model(Seed{3});
  auto pass = model.pass({.batch = 2});
  RandomStream random(Seed{4}, 0);
  const auto x = pass.input();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = random.normal();
  pass.forward();
  const auto w = model.get("0.weight"), b = model.get("0.bias");  // OIHW
  const auto y = pass.output();
  REQUIRE(y.shape() == Shape{4, 3, 5});
  for (int n = 0; n < 2; ++n)
    for (int a = 0; a < y.height; ++a)
      for (int c = 0; c < y.width; ++c)
        for (int o = 0; o < 5; ++o) {
          double sum = b[static_cast<std::size_t>(o)];
          for (int i = 0; i < 2; ++i)
            for (int u = 0; u < 4; ++u)
              for (int v = 0; v < 4; ++v) {
                const int h = 2 * a - 1 + u, k = 2 * c - 1 + v;
                if (h < 0 || k < 0 || h >= x.height || k >= x.width) continue;
                sum += w[static_cast<std::size_t>(((o * 2 + i) * 4 + u) * 4 + v)] * x(n, h, k, i);
              }
          CHECK(y(n, a, c, o) == doctest::Approx(sum).epsilon(1e-12));
        }
}

TEST_CASE("Conv2d: shapes, parameters, complaints") {
  using Layer = Conv2d<3, 8, kernel(4).stride(2).padding(1)>;
  static_assert(Layer::output_shape(Shape{33, 16, 3}).shape == Shape{16, 8, 8});
  static_assert(Layer::output_shape(Shape{2, 2, 3}).shape == Shape{1, 1, 8});
  static_assert(Layer::output_shape(Shape{16, 16, 4}).complaint == Complaint::channels);
  static_assert(Layer::output_shape(Shape{1, 16, 3}).complaint == Complaint::window);
  static_assert(!Layer::output_shape(Shape{8, 8, 3}.with_mask()).shape.masked());
  static_assert(Layer::parameters({}).size() == 2);
  static_assert(Layer::parameters({})[0].name == "weight");
  static_assert(Layer::parameters({})[0].dims == Dims{8, 3, 4, 4});
  static_assert(Layer::parameters({})[1].dims == Dims{8});
  static_assert(Conv2d<3, 8, kernel(1).no_bias()>::parameters({}).size() == 1);
  Model<Strided> model;
  CHECK_THROWS_WITH_AS(
      model.pass({.inputs = {Shape{1, 9, 2}}}),
      "conv2d \"0\": the layer's window is larger than its padded input; input is 1x9x2",
      ShapeError);
}
