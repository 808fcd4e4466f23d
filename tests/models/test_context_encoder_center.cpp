// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_center: PyTorch's initial values, a discriminator in (0, 1). Values:
// tests/parity.
#include <tessera/models/context_encoder_center.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE("initial values are PyTorch's") {
  const Model<models::ContextEncoderCenterGenerator> model(Seed{3});
  expect_uniform(model, "enc2.conv.weight", 1 / std::sqrt(64 * 25.0));
  expect_uniform(model, "dec2.conv.weight", 1 / std::sqrt(128 * 16.0));
  CHECK(model.get("prelu.weight") == std::vector<float>{0.25f});
  CHECK(moments(model, "bn.weight").mean == 1);
}

TEST_CASE("the generator gives a block the discriminator takes") {
  Model<models::ContextEncoderCenterGenerator> generator;
  Model<models::ContextEncoderCenterDiscriminator> discriminator;
  CHECK(output_shape<models::ContextEncoderCenterGenerator> ==
        input_shape<models::ContextEncoderCenterDiscriminator>);
  auto pass = generator.pass({.batch = 2});
  CHECK(forward(pass).size() == 2 * 56 * 56 * 3);
  auto judge = discriminator.pass({.batch = 2});
  for (const float y : forward(judge)) CHECK((y > 0 && y < 1));
}
