// SPDX-License-Identifier: BSD-3-Clause
// MaxPool2d: gradients, values, ties, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/max_pool2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Halves = Network<Input<5, 7, 3>, MaxPool2d<2>>;
using Overlapping = Network<Input<7, 9, 17>, MaxPool2d<3, 2>>;

}  // namespace

TEST_CASE("MaxPool2d: gradients at odd sizes and batches") {
  expect_gradients<Halves>({{5, 7, 3}, {2, 2, 3}, {3, 8, 3}});
  expect_gradients<Overlapping>();
}

TEST_CASE("MaxPool2d: values, and the first of equal maxima takes the gradient") {
  Model<Overlapping> model;
  auto pass = model.pass({.batch = 2, .input_gradients = true});
  RandomStream random(Seed{1}, 0);
  const auto x = pass.input();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i)
    x.data[i] = static_cast<float>(random.integer(0, 4));  // many ties
  pass.forward();
  const auto y = pass.output();
  REQUIRE(y.shape() == Shape{3, 4, 17});
  pass.zero_gradients();
  std::vector<float> expected(static_cast<std::size_t>(x.size()));
  for (int n = 0; n < 2; ++n)
    for (int a = 0; a < 3; ++a)
      for (int b = 0; b < 4; ++b)
        for (int c = 0; c < 17; ++c) {
          int best_h = 2 * a, best_w = 2 * b;
          for (int h = 2 * a; h < 2 * a + 3; ++h)
            for (int w = 2 * b; w < 2 * b + 3; ++w)
              if (x(n, h, w, c) > x(n, best_h, best_w, c)) best_h = h, best_w = w;
          CHECK(y(n, a, b, c) == x(n, best_h, best_w, c));
          const float dy = static_cast<float>(random.integer(1, 9));
          pass.output_gradient()(n, a, b, c) = dy;
          expected[static_cast<std::size_t>(&x(n, best_h, best_w, c) - x.data)] += dy;
        }
  pass.backward();
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(pass.input_gradient().data[i] == expected[i]);
}

TEST_CASE("MaxPool2d: shapes and complaints") {
  static_assert(MaxPool2d<2>::output_shape(Shape{5, 8, 3}).shape == Shape{2, 4, 3});
  static_assert(MaxPool2d<3, 1>::output_shape(Shape{5, 8, 3}).shape == Shape{3, 6, 3});
  static_assert(MaxPool2d<3>::output_shape(Shape{2, 8, 3}).complaint == Complaint::window);
  static_assert(MaxPool2d<2>::output_shape(Shape{8, 8, 3}.with_mask()).complaint ==
                Complaint::masked);
  static_assert(parameter_count<Halves> == 0);
}
