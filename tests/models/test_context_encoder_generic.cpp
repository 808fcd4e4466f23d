// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_generic: dropout, the channel-wise weights. Values: tests/parity.
#include <tessera/models/context_encoder_generic.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE("the channel-wise weights are m n^4 numbers, N(0, 1/n)") {
  const Model<models::ContextEncoderGenericGenerator> model(Seed{3});
  CHECK(model.get("cfc.weight").size() == 384 * 6 * 6 * 6 * 6);
  expect_normal(model, "cfc.weight", 0, 1 / 6.0);
}

TEST_CASE("dropout works in training alone, and not at probability 0") {
  Model<models::ContextEncoderGenericGenerator> model(Seed{3});
  auto pass = model.pass({.batch = 2});
  CHECK(forward(pass) != forward(pass));
  pass.set_mode(Mode::evaluate);
  CHECK(forward(pass) == forward(pass));
  Model<models::BasicContextEncoderGenericGenerator<probability(0)>> without(Seed{3});
  auto calm = without.pass({.batch = 2});
  CHECK(forward(calm) == forward(calm));
}
