// SPDX-License-Identifier: BSD-3-Clause
// AvgPool2d: gradients, values, what no window reads, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/avg_pool2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/describe.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Halves = Network<Input<5, 7, 3>, AvgPool2d<2>>;
using Overlapping = Network<Input<7, 9, 17>, AvgPool2d<3, 2>>;
using Gaps = Network<Input<7, 8, 2>, AvgPool2d<2, 3>>;
// Pools a slice of a wider tensor into another one.
using Between =
    Network<Input<6, 7, 2>, Conv2d<2, 3, kernel(3).same()>, Tap<"x">, SkipConcat<Sigmoid>,
            AvgPool2d<3, 1>, Tap<"p">, SkipConcat<AvgPool2d<1>>, Conv2d<12, 2, kernel(2)>>;

}  // namespace

TEST_CASE("AvgPool2d: gradients at odd sizes and batches") {
  expect_gradients<Halves>({{5, 7, 3}, {2, 2, 3}, {3, 8, 3}});
  expect_gradients<Overlapping>();
  expect_gradients<Gaps>({{7, 8, 2}, {3, 4, 2}});
  expect_gradients<Between>();
}

TEST_CASE("AvgPool2d: values; rows and columns outside of all windows have no gradient") {
  Model<Halves> model;
  auto pass = model.pass({.batch = 2, .input_gradients = true});
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    pass.input().data[i] = static_cast<float>(i * i % 31);
  pass.forward();
  const View<const float> x = pass.input(), y = pass.output();
  REQUIRE(y.shape() == Shape{2, 3, 3});
  for (int n = 0; n < 2; ++n)
    for (int a = 0; a < 2; ++a)
      for (int b = 0; b < 3; ++b)
        for (int c = 0; c < 3; ++c)
          CHECK(y(n, a, b, c) == (x(n, 2 * a, 2 * b, c) + x(n, 2 * a, 2 * b + 1, c) +
                                  x(n, 2 * a + 1, 2 * b, c) + x(n, 2 * a + 1, 2 * b + 1, c)) /
                                     4);
  pass.zero_gradients();
  const auto dy = pass.output_gradient();
  for (std::ptrdiff_t i = 0; i < dy.size(); ++i) dy.data[i] = static_cast<float>(i + 1);
  pass.backward();
  const auto dx = pass.input_gradient();
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 5; ++h)
      for (int w = 0; w < 7; ++w)
        for (int c = 0; c < 3; ++c)
          CHECK(dx(n, h, w, c) == (h < 4 && w < 6 ? dy(n, h / 2, w / 2, c) / 4 : 0));
}

TEST_CASE("AvgPool2d: shapes, reach, complaints") {
  static_assert(AvgPool2d<2>::output_shape(Shape{5, 8, 3}).shape == Shape{2, 4, 3});
  static_assert(AvgPool2d<3, 1>::output_shape(Shape{5, 8, 3}).shape == Shape{3, 6, 3});
  static_assert(AvgPool2d<3>::output_shape(Shape{2, 8, 3}).complaint == Complaint::window);
  static_assert(AvgPool2d<2>::output_shape(Shape{8, 8, 3}.with_mask()).complaint ==
                Complaint::masked);
  static_assert(parameter_count<Halves> == 0);
  static_assert(receptive_field<Network<Input<9, 9, 1>, AvgPool2d<2>, AvgPool2d<3, 1>>> == 6);
  Model<Halves> model;
  CHECK_THROWS_WITH_AS(
      model.pass({.inputs = {Shape{1, 9, 3}}}),
      "avg_pool2d \"0\": the layer's window is larger than its padded input; input is 1x9x3",
      ShapeError);
}
