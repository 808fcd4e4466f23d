// SPDX-License-Identifier: BSD-3-Clause
// Free-form masks: a few strokes of a round brush that is rubbed to and fro.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <tessera/data/detail/length.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

namespace detail {

/// A step of one pixel, in units of 2^-15 pixels.
struct Direction {
  int x, y;
};

/// The step (cos a, sin a), rounded, for each degree a. Made by the compiler in steps of one
/// degree: rounding errors are far below half a unit, so every compiler makes the same integers,
/// which the sine of a C library does not promise.
inline constexpr std::array<Direction, 360> directions = [] {
  constexpr double cosine = 0.99984769515639123916, sine = 0.01745240643728351282;  // of 1 degree
  const auto rounded = [](double v) {
    return static_cast<int>(v < 0 ? v * 32768 - 0.5 : v * 32768 + 0.5);
  };
  std::array<Direction, 360> table{};
  double x = 1, y = 0;
  for (Direction& direction : table) {
    direction = {rounded(x), rounded(y)};
    const double next = x * cosine - y * sine;
    y = x * sine + y * cosine;
    x = next;
  }
  return table;
}();

/// from + length * component, rounded to whole pixels (halves up) and clipped to the image.
inline int step_within(int from, int length, int component, int side) {
  const std::int64_t moved = (std::int64_t{length} * component + 16384) >> 15;
  return static_cast<int>(std::clamp<std::int64_t>(from + moved, 0, side - 1));
}

}  // namespace detail

/// Free-form masks, the generator of [yu2019] with a random heading in the place of its
/// random flips. A stroke starts at a random pixel and is a chain of segments. Segment j goes in
/// the direction heading + (-1)^j angle_j over length_j, clipped to the image, so a stroke rubs to
/// and fro across its heading. Heading (one per stroke), angle and length are uniform; the brush,
/// round and of one width per stroke, covers a segment as draw_line does. Lengths and widths that
/// are shares are measured against the image's shorter side. All arithmetic is exact: a seed gives
/// the same mask on every machine.
struct StrokeMasks {
  int min_strokes = 1, max_strokes = 4;
  int min_segments = 4, max_segments = 12;
  Length min_width = Length::share(0.04), max_width = Length::share(0.14);
  Length min_length = Length::share(0.05), max_length = Length::share(0.3);
  int min_angle = 48, max_angle = 96;  // degrees, within 0..180

  /// Writes `hole` `[1, height, width]`. Draws the number of strokes; for each the number of
  /// segments, width, heading, x and y of the start; for each segment angle and length.
  /// Errors: ArgumentError if a range is empty or negative, or the image is.
  template <IntegerSource Random>
  void draw(Random& random, MutableHoleView hole) const {
    const int height = hole.height, width = hole.width;
    if (height < 1 || width < 1)
      throw ArgumentError("StrokeMasks: expected at least 1x1 pixels, got " +
                          std::to_string(height) + "x" + std::to_string(width));
    const int side = std::min(height, width);
    const int thinnest = min_width.of(side), thickest = max_width.of(side);
    const int shortest = min_length.of(side), longest = max_length.of(side);
    const auto check = [](const char* what, int smallest, int low, int high) {
      detail::check_mask_range("StrokeMasks", what, smallest, low, high);
    };
    check("number of strokes", 0, min_strokes, max_strokes);
    check("number of segments", 1, min_segments, max_segments);
    check("width", 1, thinnest, thickest);
    check("length", 1, shortest, longest);
    check("angle", 0, min_angle, max_angle);
    if (max_angle > 180)
      throw ArgumentError("StrokeMasks: expected angles of at most 180 degrees, got " +
                          std::to_string(max_angle));
    std::ranges::fill(hole.bytes(), std::uint8_t{0});
    const int strokes = random.integer(min_strokes, max_strokes + 1);
    for (int i = 0; i < strokes; ++i) {
      const int segments = random.integer(min_segments, max_segments + 1);
      LineSegment line;
      line.thickness = random.integer(thinnest, thickest + 1);
      const int heading = random.integer(0, 360);
      line.x2 = random.integer(0, width);
      line.y2 = random.integer(0, height);
      for (int j = 0; j < segments; ++j) {
        const int angle = random.integer(min_angle, max_angle + 1);
        const int length = random.integer(shortest, longest + 1);
        const auto degree =
            static_cast<std::size_t>((heading + (j % 2 ? 360 - angle : angle)) % 360);
        line.x1 = line.x2;
        line.y1 = line.y2;
        line.x2 = detail::step_within(line.x1, length, detail::directions[degree].x, width);
        line.y2 = detail::step_within(line.y1, length, detail::directions[degree].y, height);
        draw_line(line, hole);
      }
    }
  }
};

static_assert(RandomMasks<StrokeMasks>);

}  // namespace tessera
