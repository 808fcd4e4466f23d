// SPDX-License-Identifier: BSD-3-Clause
// ChannelwiseBlock: weight names, counts of the documented sizes, values through all its layers,
// gradients.
#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <tessera/layers/conv2d.hpp>
#include <tessera/models/channelwise_block.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Small =
    Network<Input<3, 3, 2>, Named<"enc", Conv2d<2, 2, kernel(1)>>,
            ChannelwiseBlock<"cfc", 2, 3, probability(0)>, Named<"dec", Conv2d<2, 2, kernel(1)>>>;

}  // namespace

TEST_CASE("ChannelwiseBlock: names, shapes and counts") {
  using Net = Network<Input<6, 6, 256>, ChannelwiseBlock<"cfc", 256, 6>>;
  static_assert(parameter_count<Net> == 350209);
  static_assert(parameter_count<Network<Input<6, 6, 384>, ChannelwiseBlock<"cfc", 384, 6>>> ==
                525313);
  static_assert(output_shape<Net> == Shape{6, 6, 256});
  Model<Small> model;
  std::vector<std::string> names;
  for (const auto& t : model.tensors()) names.emplace_back(t.name);
  CHECK(names == std::vector<std::string>{"enc.weight", "enc.bias", "cfc.weight", "cfc.bn.weight",
                                          "cfc.bn.bias", "cfc.bn.running_mean",
                                          "cfc.bn.running_var", "cfc.bn.num_batches_tracked",
                                          "cfc.prelu.weight", "dec.weight", "dec.bias"});
}

TEST_CASE("ChannelwiseBlock: values in evaluation, without dropout") {
  using Net = Network<Input<3, 3, 2>, ChannelwiseBlock<"cfc", 2, 3>>;
  Model<Net, Cpu, double> model(Seed{3});
  std::vector<double> mean(18), var(18);
  for (std::size_t k = 0; k < 18; ++k)
    mean[k] = 0.1 * static_cast<double>(k) - 0.8, var[k] = 0.5 + 0.1 * static_cast<double>(k);
  model.set("cfc.bn.running_mean", mean);
  model.set("cfc.bn.running_var", var);
  auto pass = model.pass({.batch = 2, .mode = Mode::evaluate});
  RandomStream random(Seed{4}, 0);
  const auto x = pass.input();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = random.normal();
  pass.forward();
  const auto w = model.get("cfc.weight");
  const double slope = model.get("cfc.prelu.weight")[0];
  for (int n = 0; n < 2; ++n)
    for (int c = 0; c < 2; ++c)
      for (int j = 0; j < 9; ++j) {
        double sum = 0;
        for (int i = 0; i < 9; ++i)
          sum += x(n, i / 3, i % 3, c) * w[static_cast<std::size_t>((c * 9 + i) * 9 + j)];
        const auto k = static_cast<std::size_t>(c * 9 + j);  // PyTorch's order of features
        const double z = (sum - mean[k]) / std::sqrt(var[k] + 1e-5);
        CHECK(pass.output()(n, j / 3, j % 3, c) ==
              doctest::Approx(z > 0 ? z : slope * z).epsilon(1e-11));
      }
}

TEST_CASE("ChannelwiseBlock: gradients") {
  expect_gradients<Small>({}, {.mode = Mode::evaluate});
  const auto report = testing::gradient_check<Small>({.batch = 4});
  CHECK_MESSAGE(report.passed(), report.text());
}
