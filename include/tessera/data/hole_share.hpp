// SPDX-License-Identifier: BSD-3-Clause
// Masks whose share of holes is kept within limits, by drawing again.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <tessera/data/masks.hpp>
#include <tessera/io/number_text.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

/// Masks of another generator, with a share of hole pixels in [low, high]: draws until it lies
/// there, at most `tries` times, and then takes the mask that came closest (the first of equals).
///
///     HoleShare{StrokeMasks{}, 0.1, 0.4}
template <RandomMasks Masks>
struct HoleShare {
  Masks masks;
  double low = 0.1, high = 0.4;
  int tries = 100;

  /// Writes `hole` `[1, height, width]`.
  /// Errors: ArgumentError unless 0 <= low <= high <= 1 and tries >= 1; those of `masks`.
  void draw(RandomStream& random, MutableHoleView hole) const {
    if (!(low >= 0 && low <= high && high <= 1) || tries < 1)
      throw ArgumentError("HoleShare: expected 0 <= low <= high <= 1 and at least 1 try, got " +
                          detail::number_text(low, 6) + ", " + detail::number_text(high, 6) +
                          " and " + std::to_string(tries));
    RandomStream closest = random;
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < tries; ++i) {
      const RandomStream start = random;
      masks.draw(random, hole);
      const double share = hole_ratio(hole.bytes());
      const double distance = std::max(low - share, share - high);
      if (distance <= 0) return;
      if (distance < least) {
        least = distance;
        closest = start;
      }
    }
    masks.draw(closest, hole);  // a stream is cheaper to remember than a mask
  }
};
template <class Masks, class... Rest>
HoleShare(Masks, Rest...) -> HoleShare<Masks>;

}  // namespace tessera
