// SPDX-License-Identifier: BSD-3-Clause
// Metrics by the size of the hole: which bucket, what it holds, and that the buckets add up.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/training/hole_buckets.hpp>

using namespace tessera;

TEST_CASE("a share on a limit lies in the lower bucket") {
  CHECK(hole_bucket(0, 100) == 0);
  CHECK(hole_bucket(1, 100) == 0);
  CHECK(hole_bucket(10, 100) == 0);
  CHECK(hole_bucket(11, 100) == 1);
  CHECK(hole_bucket(90, 100) == 8);
  CHECK(hole_bucket(91, 100) == 9);
  CHECK(hole_bucket(100, 100) == 9);
  CHECK(hole_bucket(std::int64_t{1} << 40, (std::int64_t{1} << 40) + 1) == 9);
}

TEST_CASE("every figure, by a plain loop over the images of each bucket") {
  constexpr int images = 12, side = 15, pixels = side * side;
  const Shape s{side, side, 3};
  Tensor<float> output(images, s), truth(images, s);
  Buffer<std::uint8_t> hole(images * pixels);
  RandomStream random(Seed{8}, 0);
  for (int n = 0; n < images; ++n)
    for (int p = 0; p < pixels; ++p)
      hole[static_cast<std::size_t>(n * pixels + p)] = random.uniform() < n / 12.0 ? 255 : 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    truth.data()[i] = static_cast<float>(random.uniform());
    output.data()[i] = truth.data()[i] + 0.1f * static_cast<float>(random.normal());
  }
  BucketSums sums;
  sums.add(Context<Cpu>{2}, std::as_const(output).view(), std::as_const(truth).view(),
           make_hole_view(std::as_const(hole).data(), images, s), true);

  std::int64_t counted = 0;
  for (int k = -1; k < BucketSums::buckets; ++k) {  // -1: all
    double se = 0, hole_se = 0, ae = 0, hole_ae = 0, n_all = 0, n_hole = 0, count = 0;
    double ssim = 0, hole_ssim = 0, composite_ssim = 0, n_ssim = 0, n_hole_ssim = 0;
    for (int n = 0; n < images; ++n) {
      int holes = 0;
      Tensor<float> one(1, s), its_truth(1, s), composite(1, s);
      for (int p = 0; p < pixels; ++p) holes += hole[static_cast<std::size_t>(n * pixels + p)] != 0;
      if (k >= 0 && std::max(0, static_cast<int>(std::ceil(10.0 * holes / pixels)) - 1) != k)
        continue;
      ++count;
      for (int p = 0; p < pixels; ++p)
        for (int c = 0; c < 3; ++c) {
          const bool missing = hole[static_cast<std::size_t>(n * pixels + p)] != 0;
          const float y = output.view()(n, p / side, p % side, c);
          const float t = truth.view()(n, p / side, p % side, c);
          const double d = static_cast<double>(y) - static_cast<double>(t);
          se += d * d;
          ae += std::abs(d);
          ++n_all;
          if (missing) hole_se += d * d, hole_ae += std::abs(d), ++n_hole;
          one.data()[p * 3 + c] = y;
          its_truth.data()[p * 3 + c] = t;
          composite.data()[p * 3 + c] = missing ? y : t;
        }
      const auto ssim_of = [&](const Tensor<float>& image) {
        return ssim_map(Context<Cpu>{}, image.view(), std::as_const(its_truth).view());
      };
      const Tensor<double> map = ssim_of(one), put_back = ssim_of(composite);
      for (int y = 0; y < side - 10; ++y)
        for (int x = 0; x < side - 10; ++x) {
          ssim += *map.view().pixel(0, y, x);
          composite_ssim += *put_back.view().pixel(0, y, x);
          ++n_ssim;
          if (hole[static_cast<std::size_t>(n * pixels + (y + 5) * side + x + 5)])
            hole_ssim += *map.view().pixel(0, y, x), ++n_hole_ssim;
        }
    }
    if (k >= 0) {
      CHECK(sums.images(k) == count);
      counted += sums.images(k);
      if (count == 0) continue;
    }
    const Metrics m = (k < 0 ? sums.all() : sums.bucket(k)).means();
    CHECK(m.mse == doctest::Approx(se / n_all));
    CHECK(m.l1 == doctest::Approx(ae / n_all));
    CHECK(m.composite_mse == doctest::Approx(hole_se / n_all));
    CHECK(m.composite_l1 == doctest::Approx(hole_ae / n_all));
    CHECK(m.hole_share == doctest::Approx(n_hole / n_all));
    if (n_hole > 0) {
      CHECK(m.hole_mse == doctest::Approx(hole_se / n_hole));
      CHECK(m.hole_l1 == doctest::Approx(hole_ae / n_hole));
    }
    CHECK(m.rmse() == doctest::Approx(std::sqrt(se / n_all)));
    CHECK(m.psnr() == doctest::Approx(-10 * std::log10(se / n_all)));
    CHECK(m.ssim == doctest::Approx(ssim / n_ssim));
    CHECK(m.composite_ssim == doctest::Approx(composite_ssim / n_ssim));
    if (n_hole_ssim > 0) CHECK(m.hole_ssim == doctest::Approx(hole_ssim / n_hole_ssim));
    else CHECK(std::isnan(m.hole_ssim));
  }
  CHECK(counted == images);
}

TEST_CASE("without SSIM its figures have no value") {
  Tensor<float> image(1, {4, 4, 1});
  const Buffer<std::uint8_t> hole(16);
  BucketSums sums;
  sums.add(Context<Cpu>{}, std::as_const(image).view(), std::as_const(image).view(),
           {hole.data(), 1, 4, 4}, false);
  const Metrics m = sums.all().means();
  CHECK(std::isnan(m.ssim));
  CHECK(std::isnan(m.composite_ssim));
  CHECK(std::isinf(m.psnr()));
}
