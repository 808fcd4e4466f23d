// SPDX-License-Identifier: BSD-3-Clause
// BatchNorm2d: gradients in both modes, values and running statistics against the formula, frozen
// statistics.
#include <doctest/doctest.h>

#include <cstring>

#include <tessera/layers/batch_norm2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Net = Network<Input<5, 3, 3>, BatchNorm2d<3>>;
using Wide = Network<Input<2, 3, 17>, Named<"bn", BatchNorm2d<17, eps(0.8), momentum(0.25)>>>;

template <class T>
void random_input(Pass<Cpu, T>& pass) {
  RandomStream random(Seed{9}, 0);
  const View<T> x = pass.input();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<T>(2 + random.normal());
}

}  // namespace

TEST_CASE("BatchNorm2d: gradients in training and evaluation") {
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    expect_gradients<Net>({{5, 3, 3}, {1, 2, 3}, {7, 1, 3}}, {.mode = mode});
    expect_gradients<Wide>({}, {.mode = mode});
  }
}

TEST_CASE("BatchNorm2d: values and running statistics equal the formula") {
  Model<Wide, Cpu, double> model;
  auto pass = model.pass({.batch = 2});
  random_input(pass);
  pass.forward();
  const auto mean = model.get("bn.running_mean"), var = model.get("bn.running_var");
  const auto x = pass.input();
  for (int c = 0; c < 17; ++c) {
    double sum = 0, square = 0;
    for (std::ptrdiff_t p = 0; p < 12; ++p) sum += x.pixel(p)[c];
    const double m = sum / 12;
    for (std::ptrdiff_t p = 0; p < 12; ++p) square += (x.pixel(p)[c] - m) * (x.pixel(p)[c] - m);
    const auto k = static_cast<std::size_t>(c);
    CHECK(mean[k] == doctest::Approx(0.25 * m).epsilon(1e-12));
    CHECK(var[k] == doctest::Approx(0.75 + 0.25 * square / 11).epsilon(1e-12));  // unbiased
    for (std::ptrdiff_t p = 0; p < 12; ++p)
      CHECK(pass.output().pixel(p)[c] ==
            doctest::Approx((x.pixel(p)[c] - m) / std::sqrt(square / 12 + 0.8)).epsilon(1e-10));
  }
  CHECK(model.get("bn.num_batches_tracked")[0] == 1);
  pass.set_mode(Mode::evaluate);
  pass.forward();
  CHECK(pass.output().pixel(5)[3] ==
        doctest::Approx((x.pixel(5)[3] - mean[3]) / std::sqrt(var[3] + 0.8)).epsilon(1e-12));
  CHECK(model.get("bn.running_mean") == mean);
  CHECK(model.get("bn.num_batches_tracked")[0] == 1);
}

TEST_CASE("BatchNorm2d: frozen statistics make training equal evaluation") {
  Model<Net> model;
  model.set("0.running_mean", std::vector<float>{1, 2, 3});
  model.set("0.running_var", std::vector<float>{0.5f, 1, 2});
  std::vector<float> seen[2];
  for (const Mode mode : {Mode::evaluate, Mode::train}) {
    if (mode == Mode::train) model.freeze_statistics("0");
    auto pass = model.pass({.batch = 2, .mode = mode, .input_gradients = true});
    random_input(pass);
    pass.forward();
    auto& s = seen[mode == Mode::train];
    s.assign(pass.output().data, pass.output().data + pass.output().size());
    pass.zero_gradients();
    for (std::ptrdiff_t i = 0; i < pass.output().size(); ++i)
      pass.output_gradient().data[i] = static_cast<float>(i % 7);
    model.zero_gradients();
    pass.backward();
    s.insert(s.end(), model.gradients().begin(), model.gradients().end());
    const auto dx = pass.input_gradient();
    s.insert(s.end(), dx.data, dx.data + dx.size());
  }
  CHECK(seen[0].size() == seen[1].size());
  CHECK(std::memcmp(seen[0].data(), seen[1].data(), seen[0].size() * sizeof(float)) == 0);
  CHECK(model.get("0.running_mean") == std::vector<float>{1, 2, 3});
  CHECK(model.get("0.num_batches_tracked")[0] == 0);
}

TEST_CASE("BatchNorm2d: shapes, parameters, complaints") {
  using Layer = BatchNorm2d<4>;
  static_assert(Layer::output_shape(Shape{3, 5, 4}).shape == Shape{3, 5, 4});
  static_assert(Layer::output_shape(Shape{3, 5, 4}.with_mask()).shape.masked());
  static_assert(Layer::output_shape(Shape{3, 5, 3}).complaint == Complaint::channels);
  constexpr auto list = Layer::parameters({});
  static_assert(list.size() == 5 && list[0].name == "weight" && list[1].name == "bias");
  static_assert(list[2].name == "running_mean" && list[2].role == Role::statistic);
  static_assert(list[4].name == "num_batches_tracked" && list[4].role == Role::counter);
  Model<Net> model;
  auto pass = model.pass({.batch = 1, .inputs = {Shape{1, 1, 3}}});
  CHECK_THROWS_WITH_AS(
      pass.forward(),
      "batch norm: training needs more than one value per channel, got one (batch 1 of 1x1)",
      ArgumentError);
  pass.set_mode(Mode::evaluate);
  CHECK_NOTHROW(pass.forward());
}
