// SPDX-License-Identifier: BSD-3-Clause
// Upsample2d: gradients, values, the mask that is upsampled alike.
#include <doctest/doctest.h>

#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Twice = Network<Input<3, 5, 3>, Upsample2d<2>>;
using Thrice = Network<Input<2, 3, 17>, Upsample2d<3>>;
// y = 0 where nothing is valid and the bias elsewhere: shows the mask that arrives.
using ShowMask = Network<MaskedInput<3, 5, 1>, Upsample2d<2>, PartialConv2d<1, 1, kernel(1)>>;

}  // namespace

TEST_CASE("Upsample2d: gradients at odd sizes and batches") {
  expect_gradients<Twice>({{3, 5, 3}, {1, 1, 3}, {7, 2, 3}});
  expect_gradients<Thrice>();
}

TEST_CASE("Upsample2d: each pixel Factor x Factor times") {
  Model<Thrice> model;
  auto pass = model.pass({.batch = 2});
  for (std::ptrdiff_t i = 0; i < pass.input().size(); ++i)
    pass.input().data[i] = static_cast<float>(i);
  pass.forward();
  const auto y = pass.output();
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 6; ++h)
      for (int w = 0; w < 9; ++w)
        for (int c = 0; c < 17; ++c) CHECK(y(n, h, w, c) == pass.input()(n, h / 3, w / 3, c));
}

TEST_CASE("Upsample2d: the mask is upsampled alike") {
  Model<ShowMask> model;
  model.set("1.weight", std::vector<float>{0});
  model.set("1.bias", std::vector<float>{1});
  auto pass = model.pass({.batch = 2});
  const auto valid = pass.input_valid();
  for (std::ptrdiff_t i = 0; i < valid.size(); ++i) valid.data[i] = i % 3 == 0;
  std::fill_n(pass.input().data, pass.input().size(), 0.0f);
  pass.forward();
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 6; ++h)
      for (int w = 0; w < 10; ++w)
        CHECK(pass.output()(n, h, w, 0) == static_cast<float>(*valid.pixel(n, h / 2, w / 2)));
}

TEST_CASE("Upsample2d: shapes") {
  static_assert(Upsample2d<3>::output_shape(Shape{2, 5, 7}) == Shape{6, 15, 7});
  static_assert(Upsample2d<2>::output_shape(Shape{2, 5, 7}.with_mask()) ==
                Shape{4, 10, 7}.with_mask());
  static_assert(parameter_count<Twice> == 0);
}
