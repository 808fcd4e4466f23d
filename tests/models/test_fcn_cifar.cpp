// SPDX-License-Identifier: BSD-3-Clause
// fcn_cifar: initial values, range of the output, no biases. Values: tests/parity.
#include <tessera/models/fcn_cifar.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

TEST_CASE("weights begin as Glorot's, and there are no biases") {
  Model<models::FcnCifar> model(Seed{3});
  CHECK(model.tensors().size() == 5);
  expect_uniform(model, "conv1.weight", std::sqrt(6 / (3 * 25.0 + 20 * 25.0)));
  expect_uniform(model, "conv5.weight", std::sqrt(6 / 83.0));
}

TEST_CASE("the output is clipped to [0, 1]") {
  Model<models::FcnCifar> model(Seed{3});
  auto weight = model.get("conv5.weight");
  for (float& w : weight) w *= 30;
  model.set("conv5.weight", weight);
  auto pass = model.pass({.batch = 3});
  int low = 0, high = 0;
  for (const float y : forward(pass)) {
    CHECK((y >= 0 && y <= 1));
    low += y == 0;
    high += y == 1;
  }
  CHECK(low > 0);
  CHECK(high > 0);
}
