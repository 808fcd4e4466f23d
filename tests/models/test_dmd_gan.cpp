// SPDX-License-Identifier: BSD-3-Clause
// dmd_gan: initial values, other widths and sizes. Values: tests/parity.
#include <tessera/models/dmd_gan.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

using SmallGenerator = models::BasicDmdGanGenerator<8, 40>;
using SmallDiscriminator = models::BasicDmdGanDiscriminator<8>;

TEST_CASE("weights begin as N(0, 0.02), gains as N(1, 0.02), biases as PyTorch has them") {
  const Model<SmallGenerator> generator(Seed{3});
  for (const char* name :
       {"enc1.conv.weight", "bottleneck.conv.weight", "dec1.conv.weight", "out.conv.weight"})
    expect_normal(generator, name, 0, 0.02);
  expect_normal(generator, "dec1.bn.weight", 1, 0.02);
  CHECK(moments(generator, "dec1.bn.bias").largest == 0);
  expect_uniform(generator, "enc5.conv.bias", 1 / std::sqrt(32 * 16.0));
  const Model<SmallDiscriminator> discriminator(Seed{3});
  expect_normal(discriminator, "conv4.conv.weight", 0, 0.02);
}

TEST_CASE("a narrow one runs, also on 96x64") {
  CHECK(output_shape<SmallGenerator> == Shape{256, 256, 3});
  Model<SmallGenerator> generator;
  auto pass = generator.pass({.batch = 2, .inputs = {{96, 64, 3}}});
  CHECK(pass.output().shape() == Shape{96, 64, 3});
  for (const float y : forward(pass)) CHECK_MESSAGE(std::abs(y) < 1, "tanh");
  Model<SmallDiscriminator> discriminator;
  auto judge = discriminator.pass({.batch = 2, .inputs = {{96, 64, 3}}});
  CHECK(judge.output().shape() == Shape{6, 4, 1});
  for (const float y : forward(judge)) CHECK((y > 0 && y < 1));
}
