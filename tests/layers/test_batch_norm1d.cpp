// SPDX-License-Identifier: BSD-3-Clause
// BatchNorm1d: gradients in both modes, values and running statistics against the formula.
#include <doctest/doctest.h>

#include <tessera/layers/batch_norm1d.hpp>
#include <tessera/layers/conv2d.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;
using testing::expect_gradients;

namespace {

using Flat = Network<Input<1, 1, 19>, BatchNorm1d<19>>;
using Sequence = Network<Input<1, 5, 3>, BatchNorm1d<3, eps(0.8), momentum(0.25)>>;
using Inside =
    Network<Input<1, 4, 2>, Named<"in", Conv2d<2, 3, kernel(1)>>,
            SkipConcat<Named<"bn", BatchNorm1d<3>>>, Named<"out", Conv2d<6, 2, kernel(1)>>>;

}  // namespace

TEST_CASE("BatchNorm1d: gradients in training and evaluation") {
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    expect_gradients<Sequence>({{1, 5, 3}, {3, 7, 3}}, {.mode = mode});
    expect_gradients<Inside>({}, {.mode = mode});
  }
  expect_gradients<Flat>({}, {.mode = Mode::evaluate});
  for (const int batch : {3, 5}) {  // a batch of 2 gives +-1 whatever x is: no gradient to see
    const auto report = testing::gradient_check<Flat>({.batch = batch});
    CHECK_MESSAGE(report.passed(), report.text());
  }
}

TEST_CASE("BatchNorm1d: values and running statistics over the batch equal the formula") {
  constexpr int N = 5, F = 19;
  Model<Flat, Cpu, double> model;
  auto pass = model.pass({.batch = N});
  RandomStream random(Seed{9}, 0);
  const auto x = pass.input();
  const auto y = pass.output();
  for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = 2 + random.normal();
  pass.forward();
  const auto mean = model.get("0.running_mean"), var = model.get("0.running_var");
  for (int f = 0; f < F; ++f) {
    double m = 0, square = 0;
    for (int n = 0; n < N; ++n) m += x(n, 0, 0, f) / N;
    for (int n = 0; n < N; ++n) square += (x(n, 0, 0, f) - m) * (x(n, 0, 0, f) - m);
    const auto k = static_cast<std::size_t>(f);
    CHECK(mean[k] == doctest::Approx(0.1 * m).epsilon(1e-12));
    CHECK(var[k] == doctest::Approx(0.9 + 0.1 * square / (N - 1)).epsilon(1e-12));
    for (int n = 0; n < N; ++n)
      CHECK(y(n, 0, 0, f) ==
            doctest::Approx((x(n, 0, 0, f) - m) / std::sqrt(square / N + 1e-5)).epsilon(1e-10));
  }
  CHECK(model.get("0.num_batches_tracked")[0] == 1);
  pass.set_mode(Mode::evaluate);
  pass.forward();
  CHECK(y(1, 0, 0, 18) ==
        doctest::Approx((x(1, 0, 0, 18) - mean[18]) / std::sqrt(var[18] + 1e-5)).epsilon(1e-12));
  CHECK(model.get("0.running_mean") == mean);
}

TEST_CASE("BatchNorm1d: shapes, parameters, complaints") {
  using Layer = BatchNorm1d<13824>;
  static_assert(Layer::output_shape(Shape{1, 1, 13824}).shape == Shape{1, 1, 13824});
  static_assert(Layer::output_shape(Shape{1, 1, 3}).complaint == Complaint::channels);
  static_assert(BatchNorm1d<3>::output_shape(Shape{1, 1, 3}.with_mask()).complaint ==
                Complaint::masked);
  constexpr auto list = Layer::parameters({});
  static_assert(list.size() == 5 && list[0].name == "weight" && list[1].name == "bias");
  static_assert(list[2].name == "running_mean" && list[2].role == Role::statistic);
  static_assert(list[4].name == "num_batches_tracked" && list[4].role == Role::counter);
  Model<Flat> model;
  auto pass = model.pass({.batch = 1});
  CHECK_THROWS_WITH_AS(
      pass.forward(),
      "batch norm: training needs more than one value per channel, got one (batch 1 of 1x1)",
      ArgumentError);
  pass.set_mode(Mode::evaluate);
  CHECK_NOTHROW(pass.forward());
}
