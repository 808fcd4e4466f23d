// SPDX-License-Identifier: BSD-3-Clause
// ChannelwiseFC: gradients, values against the formula, shapes, parameters, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/channelwise_fc.hpp>
#include <tessera/layers/conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Square = Network<Input<3, 3, 4>, ChannelwiseFC<3, 3, 4>>;
using Oblong = Network<Input<5, 2, 3>, ChannelwiseFC<5, 2, 3>>;
using Inside = Network<Input<2, 3, 2>, Named<"in", Conv2d<2, 3, kernel(1)>>,
                       SkipConcat<Named<"cfc", ChannelwiseFC<2, 3, 3>>>,
                       Named<"out", Conv2d<6, 2, kernel(1)>>>;

}  // namespace

TEST_CASE("ChannelwiseFC: gradients, alone and between convolutions") {
  expect_gradients<Square>();
  expect_gradients<Oblong>();
  expect_gradients<Inside>();
}

TEST_CASE("ChannelwiseFC: values equal the formula") {
  Model<Oblong, Cpu, double> model(Seed{3});
  auto pass = model.pass({.batch = 3});
  RandomStream random(Seed{4}, 0);
  const auto x = pass.input();
  const auto y = pass.output();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = random.normal();
  pass.forward();
  const auto w = model.get("0.weight");
  for (int n = 0; n < 3; ++n)
    for (int c = 0; c < 3; ++c)
      for (int j = 0; j < 10; ++j) {
        double sum = 0;
        for (int i = 0; i < 10; ++i)
          sum += x(n, i / 2, i % 2, c) * w[static_cast<std::size_t>((c * 10 + i) * 10 + j)];
        CHECK(y(n, j / 2, j % 2, c) == doctest::Approx(sum).epsilon(1e-12));
      }
}

TEST_CASE("ChannelwiseFC: shapes, parameters, complaints") {
  using Layer = ChannelwiseFC<6, 6, 256>;
  static_assert(Layer::output_shape(Shape{6, 6, 256}).shape == Shape{6, 6, 256});
  static_assert(Layer::output_shape(Shape{6, 6, 255}).complaint == Complaint::channels);
  static_assert(Layer::output_shape(Shape{6, 7, 256}).complaint == Complaint::fixed_size);
  static_assert(Layer::output_shape(Shape{6, 6, 256}.with_mask()).complaint == Complaint::masked);
  constexpr auto list = Layer::parameters({});
  static_assert(list.size() == 1 && list[0].name == "weight");
  static_assert(list[0].dims == Dims{256, 36, 36});
  static_assert(list[0].initializer.kind == Initializer::Kind::normal);
  CHECK(list[0].initializer.value == doctest::Approx(1.0 / 6));
  static_assert(parameter_count<Network<Input<6, 6, 256>, Layer>> == 331776);
  Model<Square> model;
  CHECK_THROWS_WITH_AS(model.pass({.inputs = {Shape{3, 4, 4}}}),
                       "channelwise_fc \"0\": the layer's parameters were made for another image "
                       "size; input is 3x4x4",
                       ShapeError);
}
