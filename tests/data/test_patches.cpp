// SPDX-License-Identifier: BSD-3-Clause
// Patches: where they come from, that they are functions of their stream, and what is refused.
#include <doctest/doctest.h>

#include <array>
#include <tessera/data/patches.hpp>
#include <thread>
#include <vector>

using namespace tessera;

namespace {

/// Red = row, green = column, blue = number: a patch tells where it was cut.
PhotographSet marked(std::initializer_list<std::pair<int, int>> sizes) {
  std::vector<Image> images;
  for (const auto& [height, width] : sizes) {
    Image image(height, width, 3);
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        image.pixel(y, x)[0] = static_cast<std::uint16_t>(y);
        image.pixel(y, x)[1] = static_cast<std::uint16_t>(x);
        image.pixel(y, x)[2] = static_cast<std::uint16_t>(images.size());
      }
    images.push_back(std::move(image));
  }
  return PhotographSet(images);
}

using Bytes = std::vector<std::uint8_t>;

Bytes draw(const RandomPatches& patches, std::uint64_t stream) {
  RandomStream random(Seed{4}, stream);
  Bytes bytes(static_cast<std::size_t>(patches.shape().size()));
  patches.read(random, bytes.data());
  return bytes;
}

}  // namespace

TEST_CASE("a patch is a piece of a photograph, in proportion to the areas, at every place") {
  const PhotographSet photographs = marked({{10, 12}, {30, 40}});
  const RandomPatches patches(photographs, 9, 11, 500);
  CHECK(patches.size() == 500);
  CHECK(patches.shape() == Shape{9, 11, 3});
  std::array<int, 2> drawn{};
  std::vector<int> corner_seen(4);
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const Bytes patch = draw(patches, i);
    const int top = patch[0], left = patch[1], number = patch[2];
    ++drawn[static_cast<std::size_t>(number)];
    if (number == 0) ++corner_seen[static_cast<std::size_t>(2 * top + left)];
    bool right = true;
    for (int y = 0; y < 9; ++y)
      for (int x = 0; x < 11; ++x) {
        const std::uint8_t* pixel = &patch[static_cast<std::size_t>((y * 11 + x) * 3)];
        right &= pixel[0] == top + y && pixel[1] == left + x && pixel[2] == number;
      }
    REQUIRE(right);
  }
  CHECK(drawn[0] == doctest::Approx(4000 * 120 / 1320).epsilon(0.15));
  for (const int seen : corner_seen) CHECK(seen > 50);
  drawn = {};
  const RandomPatches alike(photographs, 9, 11, 500, {.every_alike = true});
  for (std::uint64_t i = 0; i < 2000; ++i) ++drawn[draw(alike, i)[2]];
  CHECK(drawn[0] == doctest::Approx(1000).epsilon(0.1));
}

TEST_CASE("half of the patches are mirrored where asked") {
  const RandomPatches patches(marked({{20, 30}}), 5, 6, 1, {.flip = true});
  int mirrored = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const Bytes patch = draw(patches, i);
    const bool flipped = patch[1] > patch[4];
    mirrored += flipped;
    for (std::size_t x = 0; x < 6; ++x)
      REQUIRE(patch[3 * x + 1] ==
              (flipped ? patch[1] - static_cast<int>(x) : patch[1] + static_cast<int>(x)));
  }
  CHECK(mirrored > 430);
  CHECK(mirrored < 570);
}

TEST_CASE("scaled patches are area means of a box, as resize makes them") {
  std::vector<Image> images(1);
  images[0] = Image(40, 50, 3);
  RandomStream noise(Seed{1}, 1);
  for (auto& s : images[0].samples) s = static_cast<std::uint16_t>(noise.integer(0, 256));
  const PhotographSet photographs(images);
  const RandomPatches patches(photographs, 7, 5, 1, {.min_scale = 2.5, .max_scale = 2.5});
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Bytes patch = draw(patches, i);
    int found = 0;  // box: 17.5 rounds to 18, 12.5 to 13
    for (int top = 0; top + 18 <= 40; ++top)
      for (int left = 0; left + 13 <= 50; ++left) {
        const Image twin = resize(crop(images[0], top, left, 18, 13), 7, 5);
        found += std::equal(patch.begin(), patch.end(), twin.samples.begin(), twin.samples.end());
      }
    CHECK(found == 1);
  }
  // Scales beyond the photograph are cut back to it: the whole of the smaller side.
  const RandomPatches whole(photographs, 8, 10, 1, {.min_scale = 5, .max_scale = 100});
  const Image twin = resize(images[0], 8, 10);
  const Bytes patch = draw(whole, 3);
  CHECK(std::equal(patch.begin(), patch.end(), twin.samples.begin(), twin.samples.end()));
}

TEST_CASE("the same stream gives the same patch, also from several threads") {
  const RandomPatches patches(marked({{60, 70}, {90, 33}}), 16, 16, 64,
                              {.min_scale = 1, .max_scale = 3, .flip = true});
  std::vector<Tensor<float>> one, several(64);
  for (std::uint64_t i = 0; i < 64; ++i) {
    RandomStream random(Seed{9}, i);
    one.emplace_back(1, patches.shape());
    patches.read(i, random, one.back());
  }
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = t; i < 64; i += 4) {
        RandomStream random(Seed{9}, i);
        several[i] = Tensor<float>(1, patches.shape());
        patches.read(0, random, several[i]);  // the index plays no part
      }
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < 64; ++i)
    CHECK(std::equal(one[i].data(), one[i].data() + one[i].size(), several[i].data()));
  // floats are the bytes / 255
  RandomStream random(Seed{9}, 5);
  Bytes bytes(16 * 16 * 3);
  patches.read(random, bytes.data());
  for (std::size_t i = 0; i < bytes.size(); ++i)
    CHECK(one[5].data()[i] == static_cast<float>(bytes[i]) / 255.0f);
}

TEST_CASE("fixed patches depend on seed and number alone") {
  const RandomPatches patches(marked({{60, 70}}), 8, 8, 10);
  const ImageSet ten = fixed_patches(patches, 10, Seed{4}),
                 four = fixed_patches(patches, 4, Seed{4});
  CHECK(ten.size() == 10);
  CHECK(ten.shape() == Shape{8, 8, 3});
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::ranges::equal(ten.image(i), four.image(i)));
    CHECK(std::ranges::equal(ten.image(i), draw(patches, i)));
  }
  CHECK(!std::ranges::equal(ten.image(0), fixed_patches(patches, 1, Seed{5}).image(0)));
}

TEST_CASE("grid patches cover the middle of every photograph") {
  const ImageSet grid = grid_patches(marked({{11, 9}, {3, 3}, {4, 5}}), 4, 4);
  REQUIRE(grid.size() == 2 * 2 + 1);
  const int tops[] = {1, 1, 5, 5, 0}, lefts[] = {0, 4, 0, 4, 0}, numbers[] = {0, 0, 0, 0, 2};
  for (std::size_t i = 0; i < 5; ++i)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x) {
        const auto at = static_cast<std::size_t>((y * 4 + x) * 3);
        CHECK(int{grid.image(i)[at]} == tops[i] + y);
        CHECK(int{grid.image(i)[at + 1]} == lefts[i] + x);
        CHECK(int{grid.image(i)[at + 2]} == numbers[i]);
      }
  CHECK_THROWS_WITH_AS(grid_patches(marked({{3, 3}}), 4, 4),
                       "grid_patches: no photograph has room for a patch of 4x4", ArgumentError);
  CHECK_THROWS_AS(grid_patches(marked({{3, 3}}), 0, 4), ArgumentError);
}

TEST_CASE("what cannot be cut is refused") {
  const PhotographSet photographs = marked({{60, 70}, {20, 70}});
  CHECK_THROWS_WITH_AS(RandomPatches(photographs, 32, 32, 5),
                       "RandomPatches: 1 has 20x70 pixels, a patch needs 32x32", ArgumentError);
  CHECK_THROWS_WITH_AS(RandomPatches(photographs, 16, 16, 5, {.min_scale = 2, .max_scale = 3}),
                       "RandomPatches: 1 has 20x70 pixels, a patch needs 32x32", ArgumentError);
  CHECK_THROWS_WITH_AS(
      RandomPatches(photographs, 16, 16, 0),
      "RandomPatches: expected a positive size and number of patches, got 0 of 16x16",
      ArgumentError);
  CHECK_THROWS_WITH_AS(RandomPatches(photographs, 8, 8, 1, {.min_scale = 2, .max_scale = 1}),
                       "RandomPatches: expected 1 <= min_scale <= max_scale <= 1000, got 2.000000 "
                       "and 1.000000",
                       ArgumentError);
  CHECK_THROWS_WITH_AS(RandomPatches(PhotographSet{}, 8, 8, 1),
                       "RandomPatches: there are no photographs", ArgumentError);
  const RandomPatches patches(photographs, 8, 8, 1);
  RandomStream random(Seed{1}, 1);
  Tensor<float> wrong(1, {8, 9, 3});
  CHECK_THROWS_WITH_AS(patches.read(0, random, wrong),
                       "RandomPatches: expected room for one image of 8x8x3, got 1 of 8x9x3",
                       ShapeError);
}
