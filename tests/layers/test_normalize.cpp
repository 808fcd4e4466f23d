// SPDX-License-Identifier: BSD-3-Clause
// Normalize: gradients, values, its inverse, masks, complaints.
#include <doctest/doctest.h>

#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/layers/partial_conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

inline constexpr ChannelStatistics one{1, {0.5}, {0.25}};
using Images = Network<Input<5, 3, 3>, Normalize<imagenet>>;
using Gray = Network<Input<4, 7, 1>, Normalize<one>>;
using Between = Network<Input<4, 5, 2>, Conv2d<2, 3, kernel(3).same()>,
                        SkipConcat<Normalize<imagenet>>, Conv2d<6, 2, kernel(2)>>;
using There = Network<Input<70, 65, 3>, Normalize<imagenet>, Normalize<inverse(imagenet)>>;
using Masked = Network<MaskedInput<4, 4, 3>, Normalize<imagenet>, PartialConv2d<3, 2, kernel(3)>>;

}  // namespace

TEST_CASE("Normalize: gradients alone and between other layers") {
  expect_gradients<Images>({{5, 3, 3}, {1, 1, 3}});
  expect_gradients<Gray>();
  expect_gradients<Between>();
  expect_gradients<Masked>();
}

TEST_CASE("Normalize: values, channel by channel") {
  Model<Images> model;
  auto pass = model.pass({.batch = 2});
  const auto x = pass.input();
  std::vector<float> kept;
  for (std::ptrdiff_t i = 0; i < x.size(); ++i)
    kept.push_back(x.data[i] = static_cast<float>(i % 17) / 16);
  pass.forward();
  constexpr float mean[]{0.485f, 0.456f, 0.406f}, deviation[]{0.229f, 0.224f, 0.225f};
  for (std::size_t i = 0; i < kept.size(); ++i)
    CHECK(pass.output().data[i] == (kept[i] - mean[i % 3]) / deviation[i % 3]);
}

TEST_CASE("Normalize: the inverse leads back; any number of threads gives the same bits") {
  std::vector<float> first;
  for (const int threads : {1, 2}) {
    Model<There> model(Seed{1}, Context<Cpu>{threads});
    auto pass = model.pass({.batch = 3});
    const auto x = pass.input();
    for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<float>(i % 255) / 255;
    pass.forward();
    const auto y = pass.output();
    for (std::ptrdiff_t i = 0; i < y.size(); ++i)
      CHECK(y.data[i] == doctest::Approx(static_cast<double>(i % 255) / 255).epsilon(1e-6));
    if (first.empty()) first.assign(y.data, y.data + y.size());
    CHECK(std::equal(first.begin(), first.end(), y.data));
  }
}

TEST_CASE("Normalize: shapes, masks, complaints") {
  using Layer = Normalize<imagenet>;
  static_assert(Layer::output_shape(Shape{5, 8, 3}).shape == Shape{5, 8, 3});
  static_assert(Layer::output_shape(Shape{5, 8, 3}.with_mask()).shape.masked());
  static_assert(Layer::output_shape(Shape{5, 8, 1}).complaint == Complaint::channels);
  static_assert(parameter_count<Images> == 0);
  static_assert(!ChannelStatistics{0, {}, {}}.valid());
  static_assert(!ChannelStatistics{5, {}, {1, 1, 1, 1}}.valid());
  static_assert(!ChannelStatistics{2, {}, {1, 0}}.valid());
}
