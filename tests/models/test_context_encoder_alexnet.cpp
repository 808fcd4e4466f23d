// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_alexnet: torchvision's names, taps, the form without the channel-wise layer.
// Values: tests/parity.
#include <tessera/models/context_encoder_alexnet.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;
using Generator = models::ContextEncoderAlexNetGenerator;
using Plain = models::ContextEncoderAlexNetGeneratorPlain;

TEST_CASE("the encoder has torchvision's names") {
  const Model<Generator> model;
  std::vector<std::string> names;
  for (const auto& t : model.tensors())
    if (t.name.starts_with("features.") && t.name.ends_with(".weight")) names.push_back(t.name);
  CHECK(names == std::vector<std::string>{"features.0.weight", "features.3.weight",
                                          "features.6.weight", "features.8.weight",
                                          "features.10.weight"});
}

TEST_CASE("the taps are the activations of the five convolutions") {
  const Structure s = structure<Generator>;
  const Shape shapes[]{{55, 55, 64}, {27, 27, 192}, {13, 13, 384}, {13, 13, 256}, {13, 13, 256}};
  for (int i = 0; i < 5; ++i) {
    const int v = value_of(s, std::string("conv") + static_cast<char>('1' + i));
    REQUIRE(v >= 0);
    const ValueInfo& tap = s.values[static_cast<std::size_t>(v)];
    CHECK(tap.shape == shapes[i]);
    CHECK(s.operations[static_cast<std::size_t>(tap.producer)].layer->name == "relu");
  }
}

TEST_CASE("without the channel-wise layer the same weights give another image, without dropout") {
  Model<Generator> full(Seed{3});
  Model<Plain> plain(Seed{3});
  for (const auto& t : plain.tensors()) plain.set(t.name, full.get(t.name));
  auto a = full.pass({.batch = 2, .mode = Mode::evaluate}),
       b = plain.pass({.batch = 2, .mode = Mode::evaluate});
  CHECK(forward(a) != forward(b));
  b.set_mode(Mode::train);
  CHECK(forward(b) == forward(b));
}
