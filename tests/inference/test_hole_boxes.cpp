// SPDX-License-Identifier: BSD-3-Clause
// Boxes around holes: they hold every hole once, and are little work.
#include <doctest/doctest.h>

#include <cstdlib>

#include <tessera/data/masks.hpp>
#include <tessera/inference/detail/hole_boxes.hpp>

using namespace tessera;

namespace {

struct Mask {
  int height, width;
  Buffer<std::uint8_t> hole;
  Mask(int h, int w) : height(h), width(w), hole(static_cast<std::size_t>(h * w)) {}
  std::uint8_t& at(int y, int x) { return hole[static_cast<std::size_t>(y * width + x)]; }
  void fill(const Box& box) {
    for (int y = box.top; y < box.bottom; ++y)
      for (int x = box.left; x < box.right; ++x) at(y, x) = 1;
  }
  Shape padded(int step) const {
    return {(height + step - 1) / step * step, (width + step - 1) / step * step, 3};
  }
  std::vector<Box> boxes(const TileRule& rule) const {
    return hole_boxes({hole.data(), 1, height, width}, rule, padded(rule.step));
  }
  std::int64_t work(const TileRule& rule) const {
    std::int64_t pixels = 0;
    for (const Box& box : boxes(rule)) pixels += region_of(box, rule, padded(rule.step)).pixels();
    return pixels;
  }
};
constexpr TileRule net2{16, 80, 64};

}  // namespace

TEST_CASE("every hole lies in exactly one box, and every box is tight") {
  RandomStream random(Seed{1}, 0);
  for (int i = 0; i < 200; ++i) {
    Mask mask(random.integer(1, 200), random.integer(1, 200));
    const double share = random.uniform() < 0.5 ? 0.002 : random.uniform();
    if (i % 3 == 0)
      LineMasks{1, 9, 1, 5}.draw(random, {mask.hole.data(), 1, mask.height, mask.width});
    else
      for (auto& h : mask.hole) h = random.uniform() < share ? 255 : 0;
    const int step = 1 << random.integer(0, 5);
    const TileRule rule{step, step * random.integer(0, 4), step * random.integer(0, 4)};
    std::vector<int> covered(mask.hole.size());
    for (const Box& box : mask.boxes(rule)) {
      REQUIRE(box == box.within({0, 0, mask.height, mask.width}));
      REQUIRE(box == bounds_of_holes({mask.hole.data(), 1, mask.height, mask.width}, box));
      for (int y = box.top; y < box.bottom; ++y)
        for (int x = box.left; x < box.right; ++x)
          ++covered[static_cast<std::size_t>(y * mask.width + x)];
    }
    int wrong = 0;
    for (std::size_t p = 0; p < covered.size(); ++p)
      wrong += covered[p] > 1 || (mask.hole[p] && covered[p] != 1);
    CHECK(wrong == 0);
  }
}

TEST_CASE("no hole, no box; one pixel, one box") {
  Mask mask(100, 90);
  CHECK(mask.boxes(net2).empty());
  mask.at(99, 0) = 1;
  CHECK(mask.boxes(net2) == std::vector<Box>{{99, 0, 100, 1}});
}

TEST_CASE("a region begins in step, reaches as far as the rule says and ends at the image") {
  const Shape padded{640, 480, 3};
  CHECK(region_of({100, 200, 101, 240}, net2, padded) == Box{16, 112, 176, 304});
  CHECK(region_of({5, 470, 640, 480}, net2, padded) == Box{0, 384, 640, 480});
}

TEST_CASE("far holes have boxes of their own, near ones share one") {
  Mask mask(1000, 1000);
  mask.fill({100, 100, 110, 110});
  mask.fill({900, 880, 910, 890});
  CHECK(mask.boxes(net2).size() == 2);
  mask.fill({100, 130, 110, 140});
  CHECK(mask.boxes(net2).size() == 2);
  Mask full(500, 500);
  full.fill({0, 0, 500, 500});
  CHECK(full.boxes(net2) == std::vector<Box>{{0, 0, 500, 500}});
}

TEST_CASE("scratches across a large image are a small part of its work") {
  Mask diagonal(3000, 4000);
  for (int x = 0; x < 4000; ++x) diagonal.at(x * 3 / 4, x) = 1;
  CHECK(diagonal.work(net2) < std::int64_t{3000} * 4000 / 5);
  Mask frame(3000, 4000);  // holes along all four borders: the box around them is the image
  frame.fill({0, 0, 3000, 4});
  frame.fill({2996, 0, 3000, 4000});
  frame.fill({0, 0, 4, 4000});
  frame.fill({0, 3996, 3000, 4000});
  CHECK(frame.work(net2) < std::int64_t{3000} * 4000 / 3);
  Mask cross(3000, 4000);
  cross.fill({1500, 0, 1504, 4000});
  cross.fill({0, 2000, 3000, 2004});
  CHECK(cross.work(net2) < std::int64_t{3000} * 4000 / 5);
}

TEST_CASE("never more work than the whole image, a pass beside") {
  RandomStream random(Seed{2}, 0);
  for (int i = 0; i < 40; ++i) {
    Mask mask(random.integer(1, 600), random.integer(1, 600));
    for (int k = random.integer(1, 30); k > 0; --k)
      mask.at(random.integer(0, mask.height), random.integer(0, mask.width)) = 1;
    for (const TileRule rule : {TileRule{1, 1, 1}, TileRule{4, 8, 12}, net2})
      CHECK(mask.work(rule) <= mask.padded(rule.step).pixels());
  }
}
