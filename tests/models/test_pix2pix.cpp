// SPDX-License-Identifier: BSD-3-Clause
// pix2pix: receptive field, dropout, the order of the discriminator's inputs, initial values.
// Values: tests/parity.
#include <tessera/models/pix2pix.hpp>
#include <tessera/network/describe.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

using Small = models::BasicPix2PixGenerator<8>;
using SmallDiscriminator = models::BasicPix2PixDiscriminator<8>;

static_assert(receptive_field<models::Pix2PixDiscriminator> == 70);

TEST_CASE("dropout stands behind up8, up7 and up6, and works in training alone") {
  int count = 0;
  for (const Operation& op : structure<Small>.operations)
    if (op.layer->name == "dropout") {
      const std::string path = path_of(structure<Small>, op);
      const char* const blocks[]{"up8", "up7", "up6"};
      CHECK(path.starts_with(blocks[count++ % 3]));
    }
  CHECK(count == 3);
  Model<Small> model(Seed{3});
  auto pass = model.pass({.batch = 2});
  CHECK(forward(pass) != forward(pass));
  pass.set_mode(Mode::evaluate);
  CHECK(forward(pass) == forward(pass));
}

TEST_CASE("weights begin as N(0, 0.02), gains as N(1, 0.02), biases as 0") {
  const Model<Small> model(Seed{3});
  for (const char* name :
       {"down1.conv.weight", "down8.conv.weight", "up8.conv.weight", "up1.conv.weight"})
    expect_normal(model, name, 0, 0.02);
  expect_normal(model, "up8.bn.weight", 1, 0.02);
  CHECK(moments(model, "up1.conv.bias").largest == 0);
  const Model<SmallDiscriminator> discriminator(Seed{3});
  expect_normal(discriminator, "conv4.conv.weight", 0, 0.02);
  CHECK(moments(discriminator, "conv1.conv.bias").largest == 0);
  CHECK(moments(discriminator, "out.conv.bias").largest == 0);
}

TEST_CASE("the discriminator reads the condition first, then the image") {
  Model<SmallDiscriminator> model(Seed{3});
  auto weight = model.get("conv1.conv.weight");  // [8, 6, 4, 4]
  for (std::size_t k = 0; k < weight.size(); ++k)
    if (k / 16 % 6 >= 3) weight[k] = 0;
  model.set("conv1.conv.weight", weight);
  auto pass = model.pass({.batch = 1, .mode = Mode::evaluate});
  set_inputs(pass, 2);
  pass.forward();
  const auto before = values(pass);
  set_inputs(pass, 2);
  pass.input(1)(0, 100, 100, 1) = 9;
  pass.forward();
  CHECK(values(pass) == before);
  set_inputs(pass, 2);
  pass.input(0)(0, 100, 100, 1) = 9;
  pass.forward();
  CHECK(values(pass) != before);
}
