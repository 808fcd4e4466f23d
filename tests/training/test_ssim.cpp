// SPDX-License-Identifier: BSD-3-Clause
// SSIM against a plain twin that sums the window in two dimensions, and identities.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/tensor/random.hpp>
#include <tessera/training/ssim.hpp>

using namespace tessera;

namespace {

Tensor<float> noise(int n, const Shape& s, std::uint64_t seed) {
  Tensor<float> t(n, s);
  RandomStream random(Seed{seed}, 0);
  for (float& v : t.span()) v = static_cast<float>(random.uniform());
  return t;
}

/// SSIM of one channel of one window by the definition: weighted means, then central moments.
double window_ssim(const Tensor<float>& a, const Tensor<float>& b, int n, int y, int x, int c) {
  double total = 0, ma = 0, mb = 0;
  for (int pass = 0; pass < 2; ++pass)
    for (int i = -5; i <= 5; ++i)
      for (int j = -5; j <= 5; ++j) {
        const double w = std::exp(-(i * i + j * j) / 4.5);
        if (pass == 0) total += w;
        else {
          ma += w / total * static_cast<double>(a.view()(n, y + 5 + i, x + 5 + j, c));
          mb += w / total * static_cast<double>(b.view()(n, y + 5 + i, x + 5 + j, c));
        }
      }
  double saa = 0, sbb = 0, sab = 0;
  for (int i = -5; i <= 5; ++i)
    for (int j = -5; j <= 5; ++j) {
      const double w = std::exp(-(i * i + j * j) / 4.5) / total;
      const double da = static_cast<double>(a.view()(n, y + 5 + i, x + 5 + j, c)) - ma;
      const double db = static_cast<double>(b.view()(n, y + 5 + i, x + 5 + j, c)) - mb;
      saa += w * da * da;
      sbb += w * db * db;
      sab += w * da * db;
    }
  const double luminance = (2 * ma * mb + 1e-4) / (ma * ma + mb * mb + 1e-4);
  return luminance * (2 * sab + 9e-4) / (saa + sbb + 9e-4);
}

Tensor<double> map_of(const Tensor<float>& a, const Tensor<float>& b, int threads = 1) {
  return ssim_map(Context<Cpu>{threads}, a.view(), b.view());
}

}  // namespace

TEST_CASE("as the definition, and the same bits with any number of threads") {
  for (const Shape s : {Shape{11, 11, 1}, {12, 31, 3}, {47, 13, 2}}) {
    const auto a = noise(2, s, 1), b = noise(2, s, 2);
    Tensor<float> close = noise(2, s, 3);
    for (std::size_t i = 0; i < close.size(); ++i)
      close.data()[i] = 0.97f * a.data()[i] + 0.03f * close.data()[i];
    for (const Tensor<float>* other : {&b, &std::as_const(close)}) {
      const Tensor<double> map = map_of(a, *other);
      REQUIRE(map.shape() == Shape{s.height - 10, s.width - 10, 1});
      for (int n = 0; n < 2; ++n)
        for (int y = 0; y < map.shape().height; ++y)
          for (int x = 0; x < map.shape().width; ++x) {
            double expected = 0;
            for (int c = 0; c < s.channels; ++c)
              expected += window_ssim(a, *other, n, y, x, c) / s.channels;
            CHECK(*map.view().pixel(n, y, x) == doctest::Approx(expected).epsilon(1e-10));
          }
      const Tensor<double> threads = map_of(a, *other, 2);
      for (std::size_t i = 0; i < map.size(); ++i) CHECK(map.data()[i] == threads.data()[i]);
    }
  }
}

TEST_CASE("identities") {
  const Shape s{16, 19, 3};
  const auto a = noise(1, s, 4), b = noise(1, s, 5);
  const Tensor<double> same = map_of(a, a), ab = map_of(a, b), ba = map_of(b, a);
  for (std::size_t i = 0; i < same.size(); ++i) {
    CHECK(same.data()[i] == doctest::Approx(1).epsilon(1e-12));
    CHECK(ab.data()[i] == doctest::Approx(ba.data()[i]).epsilon(1e-12));
    CHECK(std::abs(ab.data()[i]) < 1);
  }
  Tensor<float> grey(1, s), light(1, s), negative(1, s);
  grey.fill(0.25f);
  light.fill(0.75f);
  for (std::size_t i = 0; i < a.size(); ++i) negative.data()[i] = 1 - a.data()[i];
  const Tensor<double> flat = map_of(grey, light), inverse = map_of(a, negative);
  for (const double v : flat.span())  // no structure: the luminance term alone
    CHECK(v == doctest::Approx((2 * 0.25 * 0.75 + 1e-4) / (0.0625 + 0.5625 + 1e-4)));
  for (const double v : inverse.span()) CHECK(v < -0.8);
}

TEST_CASE("errors") {
  const auto a = noise(1, {11, 10, 1}, 1), b = noise(2, {11, 10, 1}, 1);
  CHECK_THROWS_WITH_AS(map_of(a, a), "ssim: expected images of at least 11x11 pixels, got 11x10x1",
                       ShapeError);
  CHECK_THROWS_WITH_AS(map_of(a, b),
                       "ssim: expected two sets of one shape, got 1 images of 11x10x1 and 2 of "
                       "11x10x1",
                       ShapeError);
}
