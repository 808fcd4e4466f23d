// SPDX-License-Identifier: BSD-3-Clause
// Metrics against a naive sum, and evaluate over a data set with a last batch that is not full.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/training/metrics.hpp>

using namespace tessera;

namespace {

using Net = Network<Input<6, 4, 3>, Conv2d<3, 3, kernel(3).same()>, Sigmoid>;

ImageSet images(std::size_t count) {
  Buffer<std::uint8_t> bytes(count * 72);
  RandomStream random(Seed{1}, 0);
  for (auto& b : bytes) b = static_cast<std::uint8_t>(random.integer(0, 256));
  return ImageSet(Shape{6, 4, 3}, std::move(bytes));
}

}  // namespace

TEST_CASE("means over pixels, over hole pixels, of the composite") {
  Tensor<float> truth(2, {1, 2, 2}), output(2, {1, 2, 2});
  const std::uint8_t hole[4] = {0, 1, 1, 0};
  for (std::size_t i = 0; i < 8; ++i)
    output.data()[i] = 0.125f * static_cast<float>(i) * (i % 2 ? -1 : 1);
  MetricSums sums;
  sums.add(std::as_const(output).view(), std::as_const(truth).view(), {hole, 2, 1, 2});
  const Metrics m = sums.means();
  const double unit = 0.125 * 0.125;
  CHECK(m.mse == doctest::Approx(unit * (1 + 4 + 9 + 16 + 25 + 36 + 49) / 8));
  CHECK(m.hole_mse == doctest::Approx(unit * (4 + 9 + 16 + 25) / 4));
  CHECK(m.composite_mse == doctest::Approx(unit * (4 + 9 + 16 + 25) / 8));
  CHECK(m.l1 == doctest::Approx(0.125 * 28 / 8));
  CHECK(m.hole_share == 0.5);
  CHECK(m.psnr() == doctest::Approx(-10 * std::log10(m.mse)));
}

TEST_CASE("no error: psnr is infinite; no hole: there are no hole figures") {
  const Tensor<float> same(1, {2, 2, 3});
  MetricSums sums;
  const std::uint8_t none[4]{};
  for (const HoleView hole : {HoleView{}, HoleView{none, 1, 2, 2}}) {
    sums.add(same.view(), same.view(), hole);
    const Metrics m = sums.means();
    CHECK(std::isinf(m.psnr()));
    CHECK(std::isinf(m.composite_psnr()));
    for (const double figure : {m.hole_mse, m.hole_rmse(), m.hole_l1, m.hole_psnr(), m.hole_ssim})
      CHECK(std::isnan(figure));
    CHECK(m.composite_mse == 0);
    CHECK(m.hole_share == 0);
  }
  CHECK_THROWS_WITH_AS(sums.add(same.view(), same.view(), {none, 1, 4, 1}),
                       "metrics: expected holes [1, 2, 2], got [1, 4, 1]", ShapeError);
  for (const double figure : {Metrics{}.hole_mse, Metrics{}.hole_l1, Metrics{}.hole_psnr()})
    CHECK(std::isnan(figure));  // nothing was measured
}

TEST_CASE("evaluate does not depend on the batch size and equals a loop over samples") {
  Model<Net> model(Seed{2});
  const auto data = with_masks(images(7), LineMasks{});
  const Metrics one = evaluate(model, data, Seed{3}, 1);
  for (const int batch : {2, 3, 7, 100}) {
    const Metrics m = evaluate(model, data, Seed{3}, batch);
    CHECK(m.mse == doctest::Approx(one.mse).epsilon(1e-9));
    CHECK(m.hole_mse == doctest::Approx(one.hole_mse).epsilon(1e-9));
    CHECK(m.composite_mse == doctest::Approx(one.composite_mse).epsilon(1e-9));
    CHECK(m.l1 == doctest::Approx(one.l1).epsilon(1e-9));
    CHECK(m.hole_share == one.hole_share);
  }
  CHECK(one.composite_mse == doctest::Approx(one.hole_mse * one.hole_share));
  CHECK(evaluate(model, data, Seed{4}, 7).hole_mse != one.hole_mse);
}
