// SPDX-License-Identifier: BSD-3-Clause
// Free-form strokes: the same bits everywhere, the definition written out again with real cosines,
// bounds, shares of holes, what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include <tessera/data/stroke_masks.hpp>

#include "mask_pictures.hpp"

using tessera::Length;
using tessera::RandomStream;
using tessera::Seed;
using tessera::StrokeMasks;

TEST_CASE("stroke masks: directions are rounded cosines and sines, quarter turns exact") {
  for (int degree = 0; degree < 360; ++degree) {
    const double angle = degree * std::numbers::pi / 180;
    const auto& direction = tessera::detail::directions[static_cast<std::size_t>(degree)];
    CHECK(std::abs(direction.x - std::cos(angle) * 32768) < 0.5 + 1e-6);
    CHECK(std::abs(direction.y - std::sin(angle) * 32768) < 0.5 + 1e-6);
    const auto& quarter =
        tessera::detail::directions[static_cast<std::size_t>((degree + 90) % 360)];
    CHECK(quarter.x == -direction.y);
    CHECK(quarter.y == direction.x);
  }
}

// The draws of these masks were written down, and the masks drawn again by Python from the
// documented definition: cosines by math.cos, distances in fractions. No pixel was within 1e-4 of
// the limit.
TEST_CASE("stroke masks: the same seed, the same mask") {
  CHECK(drawn(StrokeMasks{}, 0, 20, 32) ==
        Picture{".............###................", "............######..............",
                "...........#######..............", ".......#..#########.............",
                "......################..........", ".......#######.#######..........",
                "..#....######..#########........", ".#########.....#########........",
                "..########.....#########........", "#.##....#......#########........",
                "####..............#######.......", "#####.............###.####......",
                "..##..............###.####......", "......................####......",
                "......................####......", "......................###.......",
                "......................###.......", "......................###.......",
                "......................###.......", "................................"});
  CHECK(
      drawn(StrokeMasks{}, 2, 32, 17) ==
      Picture{"...###...........", "...#.###.........", "...#.............", ".#..#............",
              "..###............", "..###............", "...###...........", ".................",
              ".................", ".................", "....####.........", "...######........",
              "....####.........", ".....#####.......", "..######.##......", ".####.....#......",
              "..###............", "..####...........", ".#######......#..", "..#######...####.",
              ".......#...#####.", "............#####", ".............####", ".............####",
              "..............#..", ".................", ".................", ".................",
              ".................", ".................", ".................", "................."});
  CHECK(drawn(StrokeMasks{}, 3, 1, 24) == Picture{"###...###.............##"});
  CHECK(drawn(StrokeMasks{}, 4, 9, 1) == Picture{".", ".", "#", "#", ".", ".", ".", ".", "."});
}

TEST_CASE("stroke masks: the definition, written out with real cosines") {
  const StrokeMasks masks{.min_length = Length::pixels(3), .max_length = Length::pixels(40)};
  for (const auto& [height, width] : {std::pair{48, 40}, {33, 90}})
    for (std::uint64_t stream = 0; stream < 40; ++stream) {
      RandomStream random(Seed{5}, stream);
      std::vector<std::uint8_t> expected(static_cast<std::size_t>(height * width));
      const int side = std::min(height, width);
      const int strokes = random.integer(1, 5);
      for (int i = 0; i < strokes; ++i) {
        const int segments = random.integer(4, 13);
        const int thickness = random.integer(static_cast<int>(std::lround(0.04 * side)),
                                             static_cast<int>(std::lround(0.14 * side)) + 1);
        const int heading = random.integer(0, 360);
        int x = random.integer(0, width), y = random.integer(0, height);
        for (int j = 0; j < segments; ++j) {
          const int angle = random.integer(48, 97), length = random.integer(3, 41);
          const double a = (heading + (j % 2 ? -angle : angle)) * std::numbers::pi / 180;
          const double dx = std::floor(length * std::round(std::cos(a) * 32768) / 32768 + 0.5);
          const double dy = std::floor(length * std::round(std::sin(a) * 32768) / 32768 + 0.5);
          const int to_x = std::clamp(x + static_cast<int>(dx), 0, width - 1);
          const int to_y = std::clamp(y + static_cast<int>(dy), 0, height - 1);
          tessera::draw_line({x, y, to_x, to_y, thickness}, {expected.data(), 1, height, width});
          x = to_x;
          y = to_y;
        }
      }
      CHECK(drawn_bytes(masks, stream, height, width) == expected);
    }
}

TEST_CASE("stroke masks: no byte outside, every byte inside, whatever the size") {
  const StrokeMasks huge{.min_width = Length::pixels(1),
                         .max_width = Length::pixels(500),
                         .min_length = Length::pixels(1),
                         .max_length = Length::pixels(1'000'000),
                         .min_angle = 0,
                         .max_angle = 180};
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 33}, {33, 1}, {2, 2}, {31, 33}, {3, 70}})
    for (std::uint64_t i = 0; i < 50; ++i) {
      const auto hole = drawn_bytes(StrokeMasks{}, i, height, width);
      REQUIRE(!hole.empty());
      REQUIRE(tessera::hole_ratio(hole) > 0);
      REQUIRE(!drawn_bytes(huge, i, height, width).empty());
    }
}

TEST_CASE("stroke masks: the share of holes depends little on the size of the image") {
  for (const auto& [side, count] : {std::pair{32, 1000}, {64, 500}, {256, 250}}) {
    double sum = 0;
    for (int i = 0; i < count; ++i)
      sum += tessera::hole_ratio(
          drawn_bytes(StrokeMasks{}, static_cast<std::uint64_t>(i), side, side));
    CHECK(sum / count == doctest::Approx(0.183).epsilon(0.08));  // one mask strays by 0.09
  }
}

TEST_CASE("stroke masks: holes are everywhere about equally often") {
  std::vector<int> counts(24 * 24);
  constexpr int masks = 4000;
  for (std::uint64_t i = 0; i < masks; ++i) {
    const auto hole = drawn_bytes(StrokeMasks{}, i, 24, 24);
    for (std::size_t p = 0; p < counts.size(); ++p) counts[p] += hole[p];
  }
  double quarters[4] = {};  // top left, top right, bottom left, bottom right
  for (std::size_t p = 0; p < counts.size(); ++p)
    quarters[(p / 24 >= 12 ? 2 : 0) + (p % 24 >= 12 ? 1 : 0)] += counts[p] / (144.0 * masks);
  for (const double share : quarters) CHECK(share == doctest::Approx(quarters[0]).epsilon(0.06));
  CHECK(*std::ranges::min_element(counts) > masks / 20);
}

TEST_CASE("stroke masks: what is refused") {
  const auto refused = [](const StrokeMasks& masks, const char* text) {
    CHECK_THROWS_WITH_AS(drawn(masks, 0, 32, 32), text, tessera::ArgumentError);
  };
  refused({.min_strokes = 3, .max_strokes = 2},
          "StrokeMasks: expected 0 <= least number of strokes <= greatest, got 3 and 2");
  refused({.min_segments = 0},
          "StrokeMasks: expected 1 <= least number of segments <= greatest, got 0 and 12");
  refused({.min_width = Length::share(0.5)},
          "StrokeMasks: expected 1 <= least width <= greatest, got 16 and 4");
  refused({.max_length = Length::pixels(1)},
          "StrokeMasks: expected 1 <= least length <= greatest, got 2 and 1");
  refused({.min_angle = -1}, "StrokeMasks: expected 0 <= least angle <= greatest, got -1 and 96");
  refused({.max_angle = 181}, "StrokeMasks: expected angles of at most 180 degrees, got 181");
  RandomStream random(Seed{1}, 0);
  std::uint8_t hole = 9;
  CHECK_THROWS_WITH_AS(StrokeMasks{}.draw(random, {&hole, 1, 0, 5}),
                       "StrokeMasks: expected at least 1x1 pixels, got 0x5",
                       tessera::ArgumentError);
  CHECK(tessera::hole_ratio(
            drawn_bytes(StrokeMasks{.min_strokes = 0, .max_strokes = 0}, 0, 8, 8)) == 0);
}
