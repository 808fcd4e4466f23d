// SPDX-License-Identifier: BSD-3-Clause
// Generators made of others: a share of holes within limits, one of several, the opposite, always
// the same.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <tessera/data/combined_masks.hpp>
#include <tessera/data/hole_share.hpp>
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/data/stroke_masks.hpp>

#include "mask_pictures.hpp"

using tessera::CentreMask;
using tessera::HoleShare;
using tessera::Length;
using tessera::LineMasks;
using tessera::one_of;
using tessera::OppositeMasks;
using tessera::RandomStream;
using tessera::RectangleMasks;
using tessera::SameMask;
using tessera::Seed;
using tessera::StrokeMasks;

namespace {

/// The first `draw` pixels are holes, `draw` uniform in 0..pixels: the share is known exactly.
struct Prefix {
  void draw(RandomStream& random, tessera::MutableHoleView hole) const {
    const int n = hole.height * hole.width;
    std::fill_n(hole.data, n, std::uint8_t{0});
    std::fill_n(hole.data, random.integer(0, n + 1), std::uint8_t{1});
  }
};
long holes(const std::vector<std::uint8_t>& hole) { return std::ranges::count(hole, 1); }

}  // namespace

TEST_CASE("hole share: within the limits, which count as within") {
  for (std::uint64_t i = 0; i < 300; ++i) {
    const double strokes =
        tessera::hole_ratio(drawn_bytes(HoleShare{StrokeMasks{}, 0.1, 0.4}, i, 64, 48));
    REQUIRE(strokes >= 0.1);
    REQUIRE(strokes <= 0.4);
    const auto tenth = drawn_bytes(HoleShare{Prefix{}, 0.1, 0.1, 10'000}, i, 10, 10);
    REQUIRE(holes(tenth) == 10);
  }
}

TEST_CASE("hole share: the first that fits is taken, and the stream goes on behind it") {
  const HoleShare<Prefix> masks{Prefix{}, 0.4, 0.6};
  for (std::uint64_t i = 0; i < 100; ++i) {
    RandomStream random(Seed{5}, i), expected(Seed{5}, i);
    std::vector<std::uint8_t> hole(100);
    masks.draw(random, {hole.data(), 1, 10, 10});
    int n = expected.integer(0, 101);
    while (n < 40 || n > 60) n = expected.integer(0, 101);
    REQUIRE(holes(hole) == n);
    REQUIRE(random.next() == expected.next());
  }
}

TEST_CASE("hole share: where none fits, the closest of those tried") {
  for (std::uint64_t i = 0; i < 200; ++i) {
    RandomStream random(Seed{5}, i);
    int closest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (int k = 0; k < 4; ++k) {
      const int n = random.integer(0, 65);
      if (std::abs(n - 20.25) < least) {  // no two numbers are equally far
        least = std::abs(n - 20.25);
        closest = n;
      }
    }
    REQUIRE(holes(drawn_bytes(HoleShare{Prefix{}, 20.25 / 64, 20.25 / 64, 4}, i, 8, 8)) == closest);
  }
  // No line covers a whole image, so the largest of the tries is taken.
  double sum = 0;
  for (std::uint64_t i = 0; i < 50; ++i)
    sum += tessera::hole_ratio(drawn_bytes(HoleShare{LineMasks{}, 1, 1, 20}, i, 32, 32));
  CHECK(sum / 50 > 0.2);
}

TEST_CASE("hole share: what is refused") {
  CHECK_THROWS_WITH_AS(drawn(HoleShare{Prefix{}, 0.5, 0.25}, 0, 4, 4),
                       "HoleShare: expected 0 <= low <= high <= 1 and at least 1 try, got "
                       "0.500000, 0.250000 and 100",
                       tessera::ArgumentError);
  CHECK_THROWS_AS(drawn(HoleShare{Prefix{}, -0.1, 0.5}, 0, 4, 4), tessera::ArgumentError);
  CHECK_THROWS_AS(drawn(HoleShare{Prefix{}, 0, 1.5}, 0, 4, 4), tessera::ArgumentError);
  CHECK_THROWS_AS(drawn(HoleShare{Prefix{}, std::nan(""), 1.0}, 0, 4, 4), tessera::ArgumentError);
  CHECK_THROWS_AS(drawn(HoleShare{Prefix{}, 0, 1, 0}, 0, 4, 4), tessera::ArgumentError);
}

TEST_CASE("one of several: by weight") {
  const auto masks =
      one_of({3, 0, 1}, CentreMask{Length::pixels(1)}, Prefix{}, CentreMask{Length::pixels(3)});
  int small = 0, large = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const long n = holes(drawn_bytes(masks, i, 5, 5));
    small += n == 1;
    large += n == 9;
  }
  CHECK(small + large == 4000);
  CHECK(large == doctest::Approx(1000).epsilon(0.1));  // 3.7 standard deviations
  CHECK_THROWS_WITH_AS(drawn(one_of({0, 0}, Prefix{}, Prefix{}), 0, 4, 4),
                       "OneOf: expected a weight above 0", tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(drawn(one_of({1, -1}, Prefix{}, Prefix{}), 0, 4, 4),
                       "OneOf: expected weights of 0 to 1000000, got -1", tessera::ArgumentError);
}

TEST_CASE("one of several: the choice, then the chosen generator's own draws") {
  const auto masks = one_of(StrokeMasks{}, RectangleMasks{});
  for (std::uint64_t i = 0; i < 50; ++i) {
    RandomStream random(Seed{5}, i);
    std::vector<std::uint8_t> expected(20 * 30);
    if (random.integer(0, 2) == 0) StrokeMasks{}.draw(random, {expected.data(), 1, 20, 30});
    else RectangleMasks{}.draw(random, {expected.data(), 1, 20, 30});
    REQUIRE(drawn_bytes(masks, i, 20, 30) == expected);
  }
}

TEST_CASE("the opposite, and one mask for all") {
  CHECK(drawn(OppositeMasks{CentreMask{}}, 0, 4, 4) == Picture{"####", "#..#", "#..#", "####"});
  const SameMask same{StrokeMasks{}, Seed{5}};
  CHECK(drawn(same, 1, 20, 32) == drawn(StrokeMasks{}, 0, 20, 32));
  CHECK(drawn(same, 2, 20, 32) == drawn(same, 1, 20, 32));
  CHECK(drawn(SameMask{StrokeMasks{}, Seed{6}}, 1, 20, 32) != drawn(same, 1, 20, 32));
}

TEST_CASE("combined masks: the masks of a documented system") {
  // Context encoders: a centre square, one fixed free-form shape, or 5 to 9 squares of 40 pixels.
  const auto masks = one_of(CentreMask{}, SameMask{StrokeMasks{}, Seed{1}},
                            RectangleMasks::squares(5, 9, Length::pixels(40)));
  static_assert(tessera::MaskGenerator<decltype(masks)>);
  int centres = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const auto hole = drawn_bytes(masks, i, 256, 256);
    REQUIRE(!hole.empty());
    centres += hole == drawn_bytes(CentreMask{}, 0, 256, 256);
  }
  CHECK(centres > 70);
  CHECK(centres < 130);
}
