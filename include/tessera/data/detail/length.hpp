// SPDX-License-Identifier: BSD-3-Clause
// Lengths in a mask generator's options: so many pixels, or a share of the image, so that the same
// options suit every size of image.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>

#include <tessera/io/number_text.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// A length of at least one pixel: `Length::pixels(75)`, or `Length::share(0.25)`, a quarter of the
/// side that it is measured against.
class Length {
 public:
  static constexpr Length pixels(int n) { return {n, 0}; }
  static constexpr Length share(double s) { return {0, s}; }

  /// In pixels, where the side of the image has `side` of them: a share is rounded to the nearest
  /// number of pixels, and to 1 where that is 0.
  /// Errors: ArgumentError if the length is below one pixel, or the share not within (0, 1].
  int of(int side) const {
    if (share_ == 0 && pixels_ >= 1) return pixels_;
    if (!(share_ > 0 && share_ <= 1))
      throw ArgumentError("Length: expected at least 1 pixel or a share in (0, 1], got " +
                          (share_ == 0 ? std::to_string(pixels_) + " pixels"
                                       : "a share of " + detail::number_text(share_, 6)));
    return std::max(1, static_cast<int>(std::lround(share_ * side)));
  }

 private:
  constexpr Length(int pixels, double share) : pixels_(pixels), share_(share) {}

  int pixels_;
  double share_;  // 0: the length is in pixels
};

}  // namespace tessera
