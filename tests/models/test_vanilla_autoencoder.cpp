// SPDX-License-Identifier: BSD-3-Clause
// vanilla_autoencoder: PyTorch's initial values, other sizes. Values: tests/parity.
#include <tessera/models/vanilla_autoencoder.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE("initial values are PyTorch's; 40x64 images pass too") {
  Model<models::VanillaAutoencoder> model(Seed{3});
  expect_uniform(model, "enc2.conv.weight", 1 / std::sqrt(32 * 9.0));
  expect_uniform(model, "dec3.conv.weight", 1 / std::sqrt(64 * 16.0));  // PyTorch counts outputs
  auto pass = model.pass({.batch = 2, .inputs = {{40, 64, 3}}});
  CHECK(pass.output().shape() == Shape{40, 64, 3});
  for (const float y : forward(pass)) CHECK((y > 0 && y < 1));
}
