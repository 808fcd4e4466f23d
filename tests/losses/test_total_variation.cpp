// SPDX-License-Identifier: BSD-3-Clause
// Total variation: values against the definition, gradients by differences, what it never reads.
#include <doctest/doctest.h>

#include <limits>

#include <tessera/losses/total_variation.hpp>

#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {

/// By the definition: mark R, then all pairs of pixels at distance 1.
double naive(const LossFixture<>& f) {
  const int h = f.shape.height, w = f.shape.width;
  const auto at = [&](int n, int i, int j) {
    return static_cast<std::size_t>((n * h + i) * w + j);
  };
  double sum = 0;
  for (int n = 0; n < f.batch; ++n) {
    const auto inside = [&](int i, int j) {
      for (int a = 0; a < h; ++a)
        for (int b = 0; b < w; ++b)
          if (f.hole[at(n, a, b)] && std::abs(a - i) <= 1 && std::abs(b - j) <= 1) return true;
      return false;
    };
    const auto value = [&](std::size_t p, std::size_t c) {
      return f.hole[p] ? f.x[p * 3 + c] : f.images.data()[p * 3 + c];
    };
    for (int p = 0; p < h * w; ++p)
      for (int q = 0; q < p; ++q) {
        const int i = p / w, j = p % w, k = q / w, l = q % w;
        if (std::abs(i - k) + std::abs(j - l) != 1 || !inside(i, j) || !inside(k, l)) continue;
        for (std::size_t c = 0; c < 3; ++c)
          sum += std::abs(value(at(n, i, j), c) - value(at(n, k, l), c));
      }
  }
  return sum / static_cast<double>(f.x.size());
}

}  // namespace

TEST_CASE("total variation: values and gradients") {
  expect_right_loss(TotalVariationLoss{});
  const int sizes[][2] = {{3, 5}, {1, 7}, {6, 1}, {8, 9}};
  for (const int batch : {1, 3})
    for (const auto& size : sizes) {
      LossFixture f(batch, size[0], size[1]);
      RandomStream random(Seed{5}, 0);
      for (auto& h : f.hole) h = random.uniform() < 0.15;
      const LossTerms terms = f.call(TotalVariationLoss{}, 0.1);
      REQUIRE(terms.terms().size() == 1);
      CHECK(terms.terms()[0].name == "tv");
      CHECK(terms.terms()[0].value == doctest::Approx(naive(f)).epsilon(1e-13));
      CHECK(terms.total() == 0.1 * terms.terms()[0].value);
      f.check_gradient(TotalVariationLoss{});  // at all these sizes
      LossFixture<double> without(batch, size[0], size[1], 1, false);
      without.hole = f.hole;
      CHECK(without.call(TotalVariationLoss{}, 0.1).total() == terms.total());
    }
}

TEST_CASE("total variation: the output outside the hole and the truth outside R are not read") {
  LossFixture f(1, 7, 7);
  std::fill(f.hole.begin(), f.hole.end(), std::uint8_t{0});
  CHECK(f.call(TotalVariationLoss{}).total() == 0);
  f.hole[3 * 7 + 3] = 255;
  const double value = f.call(TotalVariationLoss{}).total();
  const std::vector<double> gradient = f.gradient();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int i = 0; i < 7; ++i)
    for (int j = 0; j < 7; ++j) {
      const auto p = static_cast<std::size_t>(3 * (i * 7 + j));
      if (i != 3 || j != 3) f.x[p] = nan;
      if (std::abs(i - 3) > 1 || std::abs(j - 3) > 1 || (i == 3 && j == 3))
        f.images.data()[p] = nan;
    }
  CHECK(f.call(TotalVariationLoss{}).total() == value);
  CHECK(f.gradient() == gradient);
  f.x[3 * 24] = nan;
  CHECK(std::isnan(f.call(TotalVariationLoss{}).total()));
  CHECK(std::isnan(f.gradient()[3 * 24]));
}

TEST_CASE("total variation: threads give the same bits; errors; settings") {
  LossFixture<float> one(2, 33, 17), two(2, 33, 17, 3);
  CHECK(one.call(TotalVariationLoss{}).total() == two.call(TotalVariationLoss{}).total());
  CHECK(one.gradient() == two.gradient());
  LossTerms terms;
  CHECK_THROWS_WITH_AS(TotalVariationLoss{}(one.pass, {one.images.view(), {}}, terms),
                       "tv: the total variation of holes needs a hole mask, got none",
                       ArgumentError);
  const Tensor<float> small(2, {33, 16, 3});
  CHECK_THROWS_AS(TotalVariationLoss{}(one.pass, {small.view(), one.truth().hole}, terms),
                  ShapeError);
  CHECK(TotalVariationLoss{}.describe() == "total_variation");
}
