// SPDX-License-Identifier: BSD-3-Clause
// Lengths, random rectangles and the centre: where they are, how often, what is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <tessera/data/detail/length.hpp>
#include <tessera/data/rectangle_masks.hpp>

#include "mask_pictures.hpp"

using tessera::CentreMask;
using tessera::Length;
using tessera::RectangleMasks;

TEST_CASE("length: pixels as they are, shares rounded, never below one pixel") {
  CHECK(Length::pixels(75).of(256) == 75);
  CHECK(Length::pixels(75).of(32) == 75);  // the user of a length refuses what is too long
  CHECK(Length::share(0.5).of(256) == 128);
  CHECK(Length::share(0.5).of(5) == 3);
  CHECK(Length::share(0.1).of(32) == 3);
  CHECK(Length::share(0.1).of(1) == 1);
  CHECK(Length::share(1).of(7) == 7);
  CHECK_THROWS_WITH_AS(Length::pixels(0).of(8),
                       "Length: expected at least 1 pixel or a share in (0, 1], got 0 pixels",
                       tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(Length::share(1.5).of(8),
                       "Length: expected at least 1 pixel or a share in (0, 1], got a share of "
                       "1.500000",
                       tessera::ArgumentError);
  CHECK_THROWS_AS(Length::share(0).of(8), tessera::ArgumentError);
  CHECK_THROWS_AS(Length::share(-0.5).of(8), tessera::ArgumentError);
}

// The draws of these masks were written down and drawn again by a few lines of Python.
TEST_CASE("rectangle masks: the same seed, the same mask") {
  const Picture twelve_by_twenty = drawn(RectangleMasks{}, 0, 12, 20);
  const std::string none(20, '.');
  CHECK(twelve_by_twenty == Picture{none, none, none, none, none, none, none, none,
                                    "######..............", "..............##....",
                                    "..............##....", "..............##...."});
  CHECK(drawn(RectangleMasks{}, 2, 1, 24) == Picture{"..............##########"});
  CHECK(drawn(RectangleMasks::squares(2, 2, Length::pixels(3)), 0, 9, 13) ==
        Picture{".............", ".........###.", ".........###.", ".........###.", ".............",
                ".............", "........###..", "........###..", "........###.."});
}

TEST_CASE("rectangle masks: the draws are those documented") {
  struct Script {  // what is drawn, and between which limits it was asked for
    std::vector<int> values;
    std::vector<std::pair<int, int>> asked{};
    int integer(int low, int high) {
      asked.emplace_back(low, high);
      return values[asked.size() - 1];
    }
  };
  Script script{{2, 2, 3, 0, 7, 1, 1, 5, 0}};
  std::vector<std::uint8_t> hole(6 * 10, 9);
  const RectangleMasks masks{1, 2, Length::pixels(1), Length::share(0.5)};
  masks.draw(script, {hole.data(), 1, 6, 10});
  CHECK(script.asked ==
        std::vector<std::pair<int, int>>{
            {1, 3}, {1, 4}, {1, 6}, {0, 5}, {0, 8}, {1, 4}, {1, 6}, {0, 6}, {0, 10}});
  CHECK(picture(hole, 6, 10) == Picture{".......###", ".......###", "..........", "..........",
                                        "..........", "#........."});
}

TEST_CASE("rectangle masks: every place is reached, none outside") {
  std::set<Picture> seen;  // 2x2 pixels of 4x5: 3 x 4 places
  for (std::uint64_t i = 0; i < 300; ++i)
    seen.insert(drawn(RectangleMasks{1, 1, Length::pixels(2), Length::pixels(2)}, i, 4, 5));
  CHECK(seen.size() == 12);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 17}, {17, 1}, {2, 3}, {31, 33}, {7, 64}})
    for (std::uint64_t i = 0; i < 50; ++i) {
      REQUIRE(!drawn_bytes(RectangleMasks{}, i, height, width).empty());
      REQUIRE(
          !drawn_bytes(RectangleMasks::squares(1, 3, Length::share(1)), i, height, width).empty());
    }
}

TEST_CASE("rectangle masks: the challenge's two squares") {
  const auto boxes = RectangleMasks::squares(2, 2, Length::pixels(75));
  double sum = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const double share = tessera::hole_ratio(drawn_bytes(boxes, i, 256, 256));
    REQUIRE(share >= 75.0 * 75 / 65536);
    REQUIRE(share <= 2 * 75.0 * 75 / 65536);
    sum += share;
  }
  // Two independent intervals of 75 with starts uniform in 0..181 overlap by 27.07 on average (sum
  // over the differences), so the squares share 27.07^2 pixels: 0.1605 of the image are holes.
  CHECK(sum / 400 == doctest::Approx(0.1605).epsilon(0.01));
}

TEST_CASE("rectangle masks: the share of holes does not depend on the size of the image") {
  for (const int side : {64, 256}) {
    double sum = 0;
    for (std::uint64_t i = 0; i < 600; ++i)
      sum += tessera::hole_ratio(drawn_bytes(RectangleMasks{}, i, side, side));
    CHECK(sum / 600 == doctest::Approx(0.2).epsilon(0.1));  // one mask strays by 0.10
  }
}

TEST_CASE("rectangle masks: what is refused") {
  CHECK_THROWS_WITH_AS(drawn(RectangleMasks{2, 1}, 0, 8, 8),
                       "RectangleMasks: expected 0 <= least number of rectangles <= greatest, got "
                       "2 and 1",
                       tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(drawn(RectangleMasks{1, 1, Length::pixels(3), Length::share(0.25)}, 0, 8, 8),
                       "RectangleMasks: expected 1 <= least side <= greatest, got 3 and 2",
                       tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(drawn(RectangleMasks::squares(2, 2, Length::pixels(75)), 0, 80, 74),
                       "RectangleMasks: expected rectangles within 80x74 pixels, got up to 75x75",
                       tessera::ArgumentError);
  CHECK(tessera::hole_ratio(drawn_bytes(RectangleMasks{0, 0}, 0, 8, 8)) == 0);
}

TEST_CASE("centre mask: half of each side, or so many pixels") {
  const auto square = drawn_bytes(CentreMask{}, 0, 256, 256);
  CHECK(tessera::hole_ratio(square) == 0.25);
  CHECK(square[64 * 256 + 64] == 1);  // rows and columns 64..191
  CHECK(square[191 * 256 + 191] == 1);
  CHECK(drawn(CentreMask{Length::pixels(2)}, 0, 4, 5) ==
        Picture{".....", ".##..", ".##..", "....."});
  CHECK(drawn(CentreMask{Length::pixels(1), Length::pixels(3)}, 0, 3, 5) ==
        Picture{".....", ".###.", "....."});
  CHECK(drawn(CentreMask{}, 0, 1, 1) == Picture{"#"});
  CHECK_THROWS_WITH_AS(drawn(CentreMask{Length::pixels(56)}, 0, 32, 64),
                       "CentreMask: expected a rectangle within 32x64 pixels, got 56x56",
                       tessera::ArgumentError);
}
