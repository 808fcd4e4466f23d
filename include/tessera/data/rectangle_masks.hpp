// SPDX-License-Identifier: BSD-3-Clause
// Masks of rectangles: some at random places, or one in the middle.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tessera/data/detail/length.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

/// Random rectangles, which may overlap: their number uniform in [min_rectangles, max_rectangles],
/// height and width uniform in [min_side, max_side], measured against the image's height and width,
/// and each place within the image equally likely.
///
///     RectangleMasks{}                                           1 to 4, sides a tenth to a half
///     RectangleMasks::squares(2, 2, Length::pixels(75))          two squares of 75x75
struct RectangleMasks {
  int min_rectangles = 1, max_rectangles = 4;
  Length min_side = Length::share(0.1), max_side = Length::share(0.5);

  /// From `min_count` to `max_count` rectangles of one size; squares where `side` is in pixels or
  /// the image is square.
  static constexpr RectangleMasks squares(int min_count, int max_count, Length side) {
    return {min_count, max_count, side, side};
  }

  /// Writes `hole` `[1, height, width]`. Draws the number of rectangles, then height, width, top and
  /// left of each. Errors: ArgumentError if a range is empty or negative, or a rectangle may be
  /// larger than the image.
  template <IntegerSource Random>
  void draw(Random& random, MutableHoleView hole) const {
    const int height = hole.height, width = hole.width;
    detail::check_mask_range("RectangleMasks", "number of rectangles", 0, min_rectangles,
                             max_rectangles);
    const int min_height = min_side.of(height), max_height = max_side.of(height);
    const int min_width = min_side.of(width), max_width = max_side.of(width);
    detail::check_mask_range("RectangleMasks", "side", 1, min_height, max_height);
    detail::check_mask_range("RectangleMasks", "side", 1, min_width, max_width);
    if (max_height > height || max_width > width)
      throw ArgumentError("RectangleMasks: expected rectangles within " + std::to_string(height) +
                          "x" + std::to_string(width) + " pixels, got up to " +
                          std::to_string(max_height) + "x" + std::to_string(max_width));
    std::ranges::fill(hole.bytes(), std::uint8_t{0});
    const int rectangles = random.integer(min_rectangles, max_rectangles + 1);
    for (int i = 0; i < rectangles; ++i) {
      RectangleMask r;  // filled member by member: the order of the draws is part of the result
      r.height = random.integer(min_height, max_height + 1);
      r.width = random.integer(min_width, max_width + 1);
      r.top = random.integer(0, height - r.height + 1);
      r.left = random.integer(0, width - r.width + 1);
      r.add(hole);
    }
  }
};

/// One rectangle in the middle of the image; where the margins cannot be equal, it lies half a
/// pixel nearer to the top and left. The default covers half of each side.
struct CentreMask {
  Length height = Length::share(0.5), width = height;

  /// Writes `hole` `[1, image_height, image_width]`; draws no random number.
  /// Errors: ArgumentError if the rectangle is larger than the image.
  void draw(RandomStream& random, MutableHoleView hole) const {
    const int image_height = hole.height, image_width = hole.width;
    const int h = height.of(image_height), w = width.of(image_width);
    if (h > image_height || w > image_width)
      throw ArgumentError("CentreMask: expected a rectangle within " +
                          std::to_string(image_height) + "x" + std::to_string(image_width) +
                          " pixels, got " + std::to_string(h) + "x" + std::to_string(w));
    RectangleMask{(image_height - h) / 2, (image_width - w) / 2, h, w}.draw(random, hole);
  }
};

static_assert(RandomMasks<RectangleMasks> && RandomMasks<CentreMask>);

}  // namespace tessera
