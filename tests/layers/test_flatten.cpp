// SPDX-License-Identifier: BSD-3-Clause
// Flatten and Unflatten: PyTorch's order, gradients, complaints at compile time and at run time.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/flatten.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Flat = Network<Input<3, 5, 2>, Flatten>;
using Unflat = Network<Input<1, 1, 30>, Unflatten<3, 5, 2>>;
using There = Network<Input<3, 3, 2>, Named<"in", Conv2d<2, 3, kernel(1)>>, Flatten,
                      Named<"mix", Conv2d<27, 27, kernel(1)>>, Unflatten<3, 3, 3>,
                      Named<"out", Conv2d<3, 2, kernel(1)>>>;
using Slices = Network<Input<1, 1, 6>, SkipConcat<Conv2d<6, 6, kernel(1)>, Unflatten<1, 1, 6>>,
                       SkipFirst<Conv2d<12, 3, kernel(1)>, Flatten>, Conv2d<15, 2, kernel(1)>>;

}  // namespace

TEST_CASE("Flatten, Unflatten: gradients alone, between convolutions and as slices") {
  expect_gradients<Flat>({{3, 5, 2}, {1, 1, 2}, {7, 1, 2}});
  expect_gradients<Unflat>();
  expect_gradients<There>();
  expect_gradients<Slices>();
}

TEST_CASE("Flatten: the order is (c, h, w), and Unflatten takes it back") {
  Model<Network<Input<3, 5, 2>, Flatten, Tap<"flat">, Unflatten<3, 5, 2>>> model;
  auto pass = model.pass({.batch = 3, .keep = {"flat"}});
  const auto x = pass.input();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<float>(i);
  pass.forward();
  const auto flat = pass.tap("flat");
  REQUIRE(flat.shape() == Shape{1, 1, 30});
  REQUIRE(pass.output().shape() == Shape{3, 5, 2});
  for (int n = 0; n < 3; ++n)
    for (int h = 0; h < 3; ++h)
      for (int w = 0; w < 5; ++w)
        for (int c = 0; c < 2; ++c) {
          CHECK(flat(n, 0, 0, (c * 3 + h) * 5 + w) == x(n, h, w, c));
          CHECK(pass.output()(n, h, w, c) == x(n, h, w, c));
        }
}

TEST_CASE("Flatten, Unflatten: shapes and complaints") {
  static_assert(Flatten::output_shape(Shape{4, 4, 512}).shape == Shape{1, 1, 8192});
  static_assert(Flatten::output_shape(Shape{4, 4, 3}.with_mask()).complaint == Complaint::masked);
  static_assert(Flatten::output_shape(Shape{65536, 65536, 3}).complaint == Complaint::not_accepted);
  using Layer = Unflatten<3, 5, 2>;
  static_assert(Layer::output_shape(Shape{1, 1, 30}).shape == Shape{3, 5, 2});
  static_assert(Layer::output_shape(Shape{1, 1, 29}).complaint == Complaint::element_count);
  static_assert(Layer::output_shape(Shape{1, 30, 1}).complaint == Complaint::element_count);
  static_assert(Layer::output_shape(Shape{1, 1, 30}.with_mask()).complaint == Complaint::masked);
  Model<Network<Input<2, 2, 4>, Flatten, Unflatten<4, 2, 2>>> other;
  CHECK_THROWS_WITH_AS(other.pass({.inputs = {Shape{2, 3, 4}}}),
                       "unflatten \"1\": an unflatten needs one pixel that holds height x width x "
                       "channels numbers; input is 1x1x24",
                       ShapeError);
}
