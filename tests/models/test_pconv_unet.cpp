// SPDX-License-Identifier: BSD-3-Clause
// pconv_unet: the mask is filled, what a hole holds changes nothing, initial values, sizes. Values:
// tests/parity.
#include <tessera/models/pconv_unet.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

using Small = models::BasicPConvUNet<8>;

static_assert(output_shape<models::PConvUNet7> == Shape{256, 256, 3});

TEST_CASE("every output pixel is valid once one input pixel was") {
  Model<Small> model;
  auto pass =
      model.pass({.batch = 2, .mode = Mode::evaluate, .inputs = {Shape{512, 256, 3}.with_mask()}});
  set_inputs(pass);
  const MutableValidView valid = pass.input_valid();
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 512; ++h)
      for (int w = 0; w < 256; ++w) *valid.pixel(n, h, w) = h == 17 && w == 200;
  pass.forward();
  const ValidView out = pass.output_valid();
  bool all = true;
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 512; ++h)
      for (int w = 0; w < 256; ++w) all &= *out.pixel(n, h, w) == 1;
  CHECK(all);
}

TEST_CASE("what a hole holds changes nothing, not even NaN") {
  Model<Small> model;
  auto pass = model.pass({.batch = 2});
  const auto before = forward(pass);
  set_inputs(pass);
  const auto x = pass.input();
  const MutableValidView valid = pass.input_valid();
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 256; ++h)
      for (int w = 0; w < 256; ++w)
        if (!*valid.pixel(n, h, w)) x(n, h, w, 1) = std::nanf("");
  pass.forward();
  CHECK(values(pass) == before);
}

TEST_CASE("weights begin as N(0, sqrt(2 / fan_in)), biases as 0") {
  const Model<Small> model(Seed{3});
  expect_normal(model, "enc2.conv.weight", 0, std::sqrt(2 / (8 * 25.0)));
  expect_normal(model, "dec8.conv.weight", 0, std::sqrt(2 / (128 * 9.0)));
  CHECK(moments(model, "dec1.conv.bias").largest == 0);
  CHECK(moments(model, "enc8.bn.weight").mean == 1);
}
