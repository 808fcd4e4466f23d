// SPDX-License-Identifier: BSD-3-Clause
// The discriminator of context_encoder_generic and context_encoder_alexnet: shape and receptive
// field. Values: tests/parity.
#include <tessera/models/detail/context_encoder.hpp>
#include <tessera/network/describe.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;
using Discriminator = models::ContextEncoderDiscriminator<224>;

static_assert(output_shape<Discriminator> == Shape{28, 28, 1});  // as the report says
static_assert(output_shape<models::ContextEncoderDiscriminator<256>> == Shape{32, 32, 1});
static_assert(receptive_field<Discriminator> == 23);

TEST_CASE("the report's receptive field counts the first convolution twice") {
  int field = 1;
  std::vector<int> fields;
  const auto& operations = structure<Discriminator>.operations;
  const auto grow = [&](const Reach& r) {
    fields.push_back(field = r.kernel + r.stride * (field - 1));
  };
  for (std::size_t i = operations.size(); i-- > 0;)
    if (operations[i].layer->name == "conv2d") grow(operations[i].layer->reach);
  CHECK(fields == std::vector<int>{3, 5, 11, 23});
  grow(operations[0].layer->reach);
  CHECK(fields.back() == 47);  // what the report prints
}

TEST_CASE("a patch reads 23 rows and no other") {
  Model<Discriminator, Cpu, double> model(Seed{3});
  for (const char* name : {"conv1", "conv2", "conv3", "conv4"}) {
    auto weight = model.get(std::string(name) + ".conv.weight");
    for (double& w : weight) w = std::abs(w);  // nothing cancels, no gate closes
    model.set(std::string(name) + ".conv.weight", weight);
  }
  auto pass = model.pass({.batch = 1, .mode = Mode::evaluate, .inputs = {{64, 64, 3}}});
  const int last_conv = static_cast<int>(structure<Discriminator>.operations.size()) - 2;
  const auto patch = [&](int changed_row) {
    const auto x = pass.input();
    for (int h = 0; h < 64; ++h)
      for (int w = 0; w < 64; ++w)
        for (int c = 0; c < 3; ++c) x(0, h, w, c) = h == changed_row ? 2 : 1;
    double value = 0;
    pass.forward([&](int i) {
      if (i == last_conv) value = pass.output_of(i)(0, 4, 4, 0);
    });
    return value;
  };
  const double before = patch(-1);
  std::vector<int> rows;
  for (int row = 0; row < 64; ++row)
    if (patch(row) != before) rows.push_back(row);
  CHECK(rows.size() == 23);
  CHECK(rows.back() - rows.front() == 22);
}
