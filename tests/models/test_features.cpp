// SPDX-License-Identifier: BSD-3-Clause
// The feature networks: torchvision's names and shapes, taps, sizes at run time, and losses on
// them.
#include <doctest/doctest.h>

#include <tessera/losses/pconv_loss.hpp>
#include <tessera/models/alexnet_features.hpp>
#include <tessera/models/vgg16_features.hpp>

#include "../losses/fixture.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {

struct Listed {
  int index;
  Dims weight;
};

/// features.<index>.weight and .bias, in order, and nothing else.
template <class ModelType>
void check_names(const ModelType& model, const std::vector<Listed>& listed) {
  const auto tensors = model.tensors();
  REQUIRE(tensors.size() == 2 * listed.size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const std::string name = "features." + std::to_string(listed[i].index);
    CHECK(tensors[2 * i].name == name + ".weight");
    CHECK(tensors[2 * i].dims == listed[i].weight);
    CHECK(tensors[2 * i + 1].name == name + ".bias");
    CHECK(tensors[2 * i + 1].dims == Dims{listed[i].weight.size[0]});
  }
}

template <class ModelType>
std::vector<Shape> tap_shapes(ModelType& model, const Shape& input,
                              const std::vector<std::string>& labels) {
  auto pass = model.pass({.gradients = false, .inputs = {input}, .keep = labels});
  std::vector<Shape> shapes;
  for (const auto& label : labels) shapes.push_back(pass.tap(label).shape());
  return shapes;
}

}  // namespace

TEST_CASE("VGG-16 to pool3") {
  Model<models::Vgg16FeatureNet<>> model;
  check_names(model, {{0, {64, 3, 3, 3}},
                      {2, {64, 64, 3, 3}},
                      {5, {128, 64, 3, 3}},
                      {7, {128, 128, 3, 3}},
                      {10, {256, 128, 3, 3}},
                      {12, {256, 256, 3, 3}},
                      {14, {256, 256, 3, 3}}});
  const std::vector<std::string> taps{"pool1", "pool2", "pool3"};
  CHECK(tap_shapes(model, {256, 256, 3}, taps) ==
        std::vector<Shape>{{128, 128, 64}, {64, 64, 128}, {32, 32, 256}});
  CHECK(tap_shapes(model, {45, 30, 3}, taps) ==
        std::vector<Shape>{{22, 15, 64}, {11, 7, 128}, {5, 3, 256}});
  CHECK_THROWS_AS(model.pass({.inputs = {Shape{7, 8, 3}}}), ShapeError);
}

TEST_CASE("VGG-16 takes images in [0, 1]: an image of ImageNet's mean is 0 to the first layer") {
  Model<models::Vgg16FeatureNet<>> model;
  auto pass = model.pass({.gradients = false, .inputs = {Shape{8, 8, 3}}, .keep = {"pool1"}});
  const double mean[] = {0.485, 0.456, 0.406};
  const auto x = pass.input();
  for (int p = 0; p < 64; ++p)
    for (int c = 0; c < 3; ++c) x.pixel(p)[c] = static_cast<float>(mean[c]);
  pass.forward();
  // So the second layer sees max(bias, 0) of the first, and inside the image all pixels are alike.
  const auto tap = pass.tap("pool1");
  const auto b1 = model.get("features.0.bias"), w2 = model.get("features.2.weight"),
             b2 = model.get("features.2.bias");
  for (int o = 0; o < 64; ++o) {
    double y = static_cast<double>(b2[static_cast<std::size_t>(o)]);
    for (std::size_t i = 0; i < 64; ++i)
      for (std::size_t u = 0; u < 9; ++u)
        y += static_cast<double>(w2[(static_cast<std::size_t>(o) * 64 + i) * 9 + u]) *
             std::max(0.0, static_cast<double>(b1[i]));
    CHECK(static_cast<double>(tap(0, 1, 2, o)) == doctest::Approx(std::max(0.0, y)).epsilon(1e-4));
  }
}

TEST_CASE("AlexNet") {
  Model<models::AlexNetFeatureNet<>> model;
  check_names(model, {{0, {64, 3, 11, 11}},
                      {3, {192, 64, 5, 5}},
                      {6, {384, 192, 3, 3}},
                      {8, {256, 384, 3, 3}},
                      {10, {256, 256, 3, 3}}});
  const std::vector<std::string> taps{"conv1", "conv2", "conv3", "conv4", "conv5"};
  CHECK(
      tap_shapes(model, {224, 224, 3}, taps) ==
      std::vector<Shape>{{55, 55, 64}, {27, 27, 192}, {13, 13, 384}, {13, 13, 256}, {13, 13, 256}});
  CHECK(tap_shapes(model, {63, 64, 3}, taps)[4] == Shape{3, 3, 256});
  CHECK_THROWS_AS(model.pass({.inputs = {Shape{62, 63, 3}}}), ShapeError);
  // The taps lie behind the ReLUs.
  auto pass = model.pass({.gradients = false, .inputs = {Shape{63, 63, 3}}, .keep = taps});
  RandomStream random(Seed{1}, 0);
  for (std::ptrdiff_t k = 0; k < pass.input().size(); ++k)
    pass.input().data[k] = static_cast<float>(random.normal());
  pass.forward();
  for (const auto& label : taps) {
    const auto tap = pass.tap(label);
    std::ptrdiff_t negative = 0, positive = 0;
    for (std::ptrdiff_t p = 0; p < tap.pixels(); ++p)
      for (int c = 0; c < tap.channels; ++c)
        (tap.pixel(p)[c] > 0 ? positive : negative) += tap.pixel(p)[c] != 0;
    CHECK(negative == 0);
    CHECK(positive > tap.size() / 10);
  }
}

TEST_CASE("losses on these features: gradients in double, along directions") {
  const auto check = [](const auto& loss, int size) {
    LossFixture f(2, size, size + 3);
    for (double& v : f.x) v = 0.5 + 0.1 * v;
    for (double& v : f.images.span()) v = 0.5 + 0.1 * v;
    f.call(loss);
    const std::vector<double> gradient = f.gradient(), x = f.x;
    RandomStream random(Seed{9}, 0);
    for (int k = 0; k < 3; ++k) {
      std::vector<double> direction(x.size()), step(1), slope(1);
      for (std::size_t i = 0; i < x.size(); ++i) {
        direction[i] = random.normal();
        slope[0] += direction[i] * gradient[i];
      }
      testing::expect_gradient(
          step, slope,
          [&] {
            for (std::size_t i = 0; i < x.size(); ++i) f.x[i] = x[i] + step[0] * direction[i];
            return f.call(loss).total();
          },
          1e-5, 1e-7);
    }
  };
  using Vgg = Model<models::Vgg16FeatureNet<>, Cpu, double>;
  using AlexNet = Model<models::AlexNetFeatureNet<>, Cpu, double>;
  check(pconv_loss(Vgg(Seed{3})), 16);
  for (const bool merge : {false, true})
    check(1e6 * FeatureLoss(AlexNet(Seed{3}), alexnet_style(merge)), 67);
}
