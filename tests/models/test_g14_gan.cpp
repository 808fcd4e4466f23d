// SPDX-License-Identifier: BSD-3-Clause
// g14_gan: every row of the print-out of both networks in the group's report, as channels and side;
// initial values. Values: tests/parity.
#include <tessera/models/g14_gan.hpp>

#include "model_checks.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

struct Row {
  int channels, side;
  bool operator==(const Row&) const = default;
};
Row row(const Shape& s) {
  CHECK(s.height == s.width);
  return {s.channels, s.height};
}
/// As the report prints a network: the input, one row for each block, but the last convolution and
/// its activation apart.
template <class Net>
std::vector<Row> printed_rows() {
  const Structure s = structure<Net>;
  std::vector<Row> rows{row(input_shape<Net>)};
  for (const Shape& shape : block_shapes(s)) rows.push_back(row(shape));
  rows.pop_back();
  for (std::size_t i = s.operations.size() - 2; i < s.operations.size(); ++i)
    rows.push_back(row(s.values[static_cast<std::size_t>(s.operations[i].output)].shape));
  return rows;
}

}  // namespace

TEST_CASE("the generator has the 16 rows of the report") {
  const std::vector<Row> report{{3, 256}, {64, 128}, {64, 64}, {128, 32}, {128, 16}, {256, 8},
                                {512, 4}, {4000, 1}, {512, 4}, {256, 8},  {128, 16}, {128, 32},
                                {64, 64}, {64, 128}, {3, 256}, {3, 256}};
  CHECK(printed_rows<models::G14GanGenerator>() == report);
  CHECK(structure<models::G14GanGenerator>.operations.back().layer->name == "tanh");
}

TEST_CASE("the discriminator has the 7 rows of the report") {
  const std::vector<Row> report{{3, 256},  {64, 128}, {128, 64}, {256, 32},
                                {512, 16}, {1, 16},   {1, 16}};
  CHECK(printed_rows<models::G14GanDiscriminator>() == report);
  CHECK(structure<models::G14GanDiscriminator>.operations.back().layer->name == "sigmoid");
}

TEST_CASE("weights begin as N(0, 0.02), gains as N(1, 0.02); a narrow one runs") {
  using Small = models::BasicG14GanGenerator<8, 40>;
  Model<Small> model(Seed{3});
  for (const char* name : {"enc6.conv.weight", "bottleneck.conv.weight", "dec1.conv.weight"})
    expect_normal(model, name, 0, 0.02);
  expect_normal(model, "enc6.bn.weight", 1, 0.02);
  CHECK(moments(model, "bottleneck.conv.bias").largest > 0);
  auto pass = model.pass({.batch = 2});
  CHECK(forward(pass).size() == 2 * 256 * 256 * 3);
  Model<models::BasicG14GanDiscriminator<8>> discriminator;
  auto judge = discriminator.pass({.batch = 1, .inputs = {{128, 192, 3}}});
  CHECK(judge.output().shape() == Shape{8, 12, 1});
  for (const float y : forward(judge)) CHECK((y > 0 && y < 1));
}
