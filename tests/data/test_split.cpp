// SPDX-License-Identifier: BSD-3-Clause
// Splits: disjoint, complete, the same for the same seed; masks stay with their images.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <tessera/data/loader.hpp>
#include <tessera/data/split.hpp>

using tessera::FixedMasks;
using tessera::ImageSet;
using tessera::LineMasks;
using tessera::Seed;
using tessera::Shape;
using tessera::split;
using tessera::Subset;
using tessera::View;

namespace {

constexpr Shape shape{2, 3, 1};

/// Image i holds i only.
ImageSet numbered_images(std::size_t count) {
  tessera::Buffer<std::uint8_t> bytes(count * 6);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i / 6);
  return {shape, std::move(bytes)};
}

template <class Part>
std::vector<std::size_t> samples_of(const Part& part) {
  std::vector<std::size_t> samples;
  for (std::size_t i = 0; i < part.size(); ++i) samples.push_back(part.sample(i));
  return samples;
}

/// Read at random: the sample and one draw.
struct Noise {
  std::size_t size() const { return 10; }
  Shape shape() const { return ::shape; }
  void read(std::size_t index, tessera::RandomStream& random, View<float> image) const {
    image.data[0] = static_cast<float>(index) + static_cast<float>(random.uniform());
  }
};

}  // namespace

TEST_CASE("split: disjoint, complete, in the order of the whole") {
  const auto images = numbered_images(50);
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    const auto [train, validation] = split(images, 0.2, Seed{seed});
    CHECK(train.size() == 40);
    CHECK(validation.size() == 10);
    CHECK(train.shape() == shape);
    const auto a = samples_of(train), b = samples_of(validation);
    CHECK(std::ranges::is_sorted(a));
    CHECK(std::ranges::is_sorted(b));
    std::set<std::size_t> all(a.begin(), a.end());
    all.insert(b.begin(), b.end());
    CHECK(all.size() == 50);
    CHECK(*all.rbegin() == 49);
    for (std::size_t i = 0; i < b.size(); ++i) {
      tessera::Tensor<float> image(1, shape);
      validation.read(i, image.view());
      CHECK(image.data()[5] == static_cast<float>(b[i]) / 255.0f);
    }
  }
}

TEST_CASE("split: a function of sizes and seed") {
  const auto images = numbered_images(12);
  const auto once = split(images, 3, Seed{1}), again = split(images, 0.25, Seed{1});
  CHECK(samples_of(once.validation) == samples_of(again.validation));
  CHECK(samples_of(once.train) == samples_of(again.train));
  CHECK(samples_of(split(images, 3, Seed{2}).validation) != samples_of(once.validation));
  CHECK(samples_of(once.validation) == std::vector<std::size_t>{0, 1, 10});
  std::vector<int> counts(12);  // every image is about as often in the validation part
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    for (const std::size_t sample : samples_of(split(images, 3, Seed{seed}).validation))
      ++counts[sample];
  for (const int count : counts) CHECK(count == doctest::Approx(250).epsilon(0.22));  // 4 sigma
}

TEST_CASE("split: counts and shares, rounded, and what is refused") {
  CHECK(split(numbered_images(7), 0.5, Seed{}).validation.size() == 4);
  CHECK(split(numbered_images(7), 0.01, Seed{}).validation.size() == 1);
  CHECK(split(numbered_images(7), 0.99f, Seed{}).train.size() == 1);
  CHECK(split(numbered_images(2), std::size_t{1}, Seed{}).train.size() == 1);
  const auto refused = [](std::size_t images, auto part, const char* text) {
    CHECK_THROWS_WITH_AS(split(numbered_images(images), part, Seed{}), text,
                         tessera::ArgumentError);
  };
  refused(7, 7, "split: expected 1 to 6 validation images of 7, got 7");
  refused(7, 0, "split: expected 1 to 6 validation images of 7, got 0");
  refused(7, -1, "split: expected 1 to 6 validation images of 7, got -1");
  refused(7, 0.0, "split: expected a validation share between 0 and 1, got 0.000000");
  refused(7, 1.0, "split: expected a validation share between 0 and 1, got 1.000000");
  refused(1, 0.5, "split: expected at least 2 images, got 1");
  refused(0, 1, "split: expected at least 2 images, got 0");
}

TEST_CASE("subset: reads what the list names, random sets too, and shares the list") {
  const auto samples =
      std::make_shared<const std::vector<std::uint32_t>>(std::vector<std::uint32_t>{7, 2, 2});
  const Subset images(numbered_images(9), samples);
  tessera::Tensor<float> image(1, shape);
  images.read(0, image.view());
  CHECK(image.data()[0] == 7.0f / 255.0f);
  const auto copy = images;
  copy.read(2, image.view());
  CHECK(image.data()[0] == 2.0f / 255.0f);
  CHECK(samples.use_count() == 3);
  static_assert(tessera::Dataset<Subset<ImageSet>> && !tessera::RandomDataset<Subset<ImageSet>>);

  const Subset noise(Noise{}, samples);
  static_assert(tessera::RandomDataset<Subset<Noise>> && !tessera::Dataset<Subset<Noise>>);
  tessera::RandomStream random(Seed{3}, 4), same(Seed{3}, 4);
  noise.read(0, random, image.view());
  CHECK(image.data()[0] == 7.0f + static_cast<float>(same.uniform()));
  CHECK(noise.size() == 3);

  CHECK_THROWS_WITH_AS(images.read(3, image.view()), "Subset: expected an index below 3, got 3",
                       tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(Subset(numbered_images(7), samples),
                       "Subset: expected samples below 7, got 7", tessera::ArgumentError);
}

TEST_CASE("split: masks made beforehand stay with their images") {
  tessera::Buffer<std::uint8_t> bytes(6 * 6);
  for (std::size_t i = 0; i < 6; ++i) bytes[i * 6 + i] = 1;  // over image i, pixel i
  const auto data = tessera::with_masks(numbered_images(6), FixedMasks(2, 3, std::move(bytes)));
  const auto parts = split(data, 2, Seed{4});
  int seen = 0;
  for (const auto& part : {parts.train, parts.validation}) {
    tessera::Loader loader(part, tessera::LoaderOptions::evaluation(1, Seed{}));
    tessera::Batch batch = loader.make_batch();
    for (loader.start_epoch(0); loader.next(batch); ++seen) {
      const auto sample = static_cast<std::size_t>(batch.images()(0, 0, 0, 0) * 255.0f + 0.5f);
      for (std::size_t p = 0; p < 6; ++p) CHECK(batch.hole[p] == (p == sample ? 1 : 0));
    }
  }
  CHECK(seen == 6);
  CHECK_THROWS_WITH_AS(tessera::with_masks(numbered_images(3), parts.validation.masks),
                       "MaskSubset: expected a mask for each of 3 images, got 2",
                       tessera::ArgumentError);

  const auto random = split(tessera::with_masks(numbered_images(6), LineMasks{}), 2, Seed{4});
  CHECK(samples_of(random.validation.data) == samples_of(parts.validation.data));
  CHECK(random.train.masks.max_lines == 9);
}
