// SPDX-License-Identifier: BSD-3-Clause
// Permute: every order of the axes against the formula, gradients, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/permute.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

template <int A, int B, int C>
using Alone = Network<Input<4, 5, 3>, Permute<A, B, C>>;
using Inside = Network<Input<3, 3, 3>, Named<"in", Conv2d<3, 3, kernel(1)>>,
                       SkipConcat<Permute<2, 0, 1>>, Named<"out", Conv2d<6, 2, kernel(1)>>>;

/// y's axis k is x's axis (A, B, C)[k].
template <int A, int B, int C>
void check_values() {
  Model<Alone<A, B, C>> model;
  auto pass = model.pass({.batch = 2, .inputs = {Shape{17, 5, 3}}});
  const auto x = pass.input();
  const auto y = pass.output();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<float>(i);
  pass.forward();
  const int size[]{17, 5, 3};
  REQUIRE(y.shape() == Shape{size[A], size[B], size[C]});
  int wrong = 0;
  for (int n = 0; n < 2; ++n)
    for (int i0 = 0; i0 < y.height; ++i0)
      for (int i1 = 0; i1 < y.width; ++i1)
        for (int i2 = 0; i2 < y.channels; ++i2) {
          int j[3];
          j[A] = i0, j[B] = i1, j[C] = i2;
          wrong += y(n, i0, i1, i2) != x(n, j[0], j[1], j[2]);
        }
  CHECK(wrong == 0);
  expect_gradients<Alone<A, B, C>>({{4, 5, 3}, {1, 7, 3}, {3, 2, 3}});
}

}  // namespace

TEST_CASE("Permute: values and gradients of all six orders") {
  check_values<0, 1, 2>();
  check_values<0, 2, 1>();
  check_values<1, 0, 2>();
  check_values<1, 2, 0>();
  check_values<2, 0, 1>();
  check_values<2, 1, 0>();
}

TEST_CASE("Permute: gradients between convolutions and into a concatenation") {
  expect_gradients<Inside>();
}

TEST_CASE("Permute: <2, 0, 1> and <1, 2, 0> undo each other") {
  Model<Network<Input<6, 4, 3>, Permute<2, 0, 1>, Permute<1, 2, 0>>> model;
  auto pass = model.pass({});
  for (int i = 0; i < 72; ++i) pass.input().data[i] = static_cast<float>(i);
  pass.forward();
  REQUIRE(pass.output().shape() == Shape{6, 4, 3});
  for (int i = 0; i < 72; ++i) CHECK(pass.output().data[i] == static_cast<float>(i));
}

TEST_CASE("Permute: shapes and complaints") {
  static_assert(Permute<2, 0, 1>::output_shape(Shape{4, 5, 3}).shape == Shape{3, 4, 5});
  static_assert(Permute<0, 1, 2>::output_shape(Shape{4, 5, 3}.with_mask()).complaint ==
                Complaint::masked);
  static_assert(!kernels::AxisOrder{{0, 1, 1}}.valid() && !kernels::AxisOrder{{0, 1, 3}}.valid());
}
