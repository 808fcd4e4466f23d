// SPDX-License-Identifier: BSD-3-Clause
// conv_fc_cifar: initial values, range of the output. Values: tests/parity.
#include <tessera/models/conv_fc_cifar.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE("weights begin as Glorot's, the biases of the linear layers as 0") {
  const Model<models::ConvFcCifar> model(Seed{3});
  expect_uniform(model, "conv3.weight", std::sqrt(6 / (20 * 25.0 + 30 * 25.0)));
  expect_uniform(model, "fc2.weight", std::sqrt(6 / 960.0));
  CHECK(moments(model, "fc1.bias").largest == 0);
  CHECK(moments(model, "fc2.bias").largest == 0);
}

TEST_CASE("the 192 numbers are three planes of 8x8, clipped to [0, 1]") {
  Model<models::ConvFcCifar> model(Seed{3});
  model.set("fc2.weight", std::vector<float>(192 * 768));
  std::vector<float> bias(192);
  for (std::size_t k = 0; k < bias.size(); ++k) bias[k] = static_cast<float>(k) / 100 - 0.1f;
  model.set("fc2.bias", bias);
  auto pass = model.pass({.batch = 2, .mode = Mode::evaluate});
  set_inputs(pass);
  pass.forward();
  for (int c = 0; c < 3; ++c)
    for (int h = 0; h < 8; ++h)
      for (int w = 0; w < 8; ++w) {
        const float b = bias[static_cast<std::size_t>((c * 8 + h) * 8 + w)];
        CHECK(pass.output()(1, h, w, c) == std::min(std::max(b, 0.0f), 1.0f));
      }
}
