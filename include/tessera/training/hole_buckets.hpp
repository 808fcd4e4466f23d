// SPDX-License-Identifier: BSD-3-Clause
// Metrics by the size of the hole: small holes are easy and large ones are not, so a mean over all
// of them says little.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include <tessera/data/masks.hpp>
#include <tessera/training/metrics.hpp>

namespace tessera {

/// Which tenth the hole share of an image lies in: bucket k is (10 k %, 10 (k + 1) %]; no hole at
/// all counts to the first. Whole numbers, so a share on a limit lies below it.
constexpr int hole_bucket(std::int64_t hole_pixels, std::int64_t pixels) {
  return hole_pixels <= 0 ? 0 : static_cast<int>((10 * hole_pixels - 1) / pixels);
}

/// Metrics over all images and over those of each bucket, whose number of images is counted.
class BucketSums {
 public:
  static constexpr int buckets = 10;

  /// Adds images one by one. hole [N, H, W], may be empty. Errors: ShapeError if it is of
  /// another size; with `ssim`, those of ssim_map
  template <class T>
  void add(const Context<Cpu>& context, View<const T> output, View<const float> truth,
           HoleView hole, bool ssim) {
    detail::check_holes("metrics", hole, output.batch, output.shape());
    const std::ptrdiff_t pixels = std::ptrdiff_t{output.height} * output.width;
    for (int n = 0; n < output.batch; ++n) {
      View<const T> one = output;
      View<const float> its_truth = truth;
      one.data = output.pixel(n * pixels);
      its_truth.data = truth.pixel(n * pixels);
      one.batch = its_truth.batch = 1;
      MetricSums sums;
      sums.add(one, its_truth, hole.image(n));
      if (ssim) sums.add_ssim(context, one, its_truth, hole.image(n));
      std::int64_t holes = 0;
      for (std::ptrdiff_t p = 0; p < pixels; ++p) holes += hole.image(n).missing(p);
      const auto bucket = static_cast<std::size_t>(hole_bucket(holes, pixels));
      all_ += sums;
      bucket_[bucket] += sums;
      ++images_[bucket];
    }
  }

  const MetricSums& all() const { return all_; }
  const MetricSums& bucket(int k) const { return bucket_[static_cast<std::size_t>(k)]; }
  std::int64_t images(int k) const { return images_[static_cast<std::size_t>(k)]; }

 private:
  MetricSums all_;
  std::array<MetricSums, buckets> bucket_{};
  std::array<std::int64_t, buckets> images_{};
};

}  // namespace tessera
