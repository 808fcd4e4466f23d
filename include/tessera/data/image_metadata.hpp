// SPDX-License-Identifier: BSD-3-Clause
// What an image file says beside its samples: which colours and which size they mean. Reading fills
// it in, restoring keeps it, and writing puts it into the new file.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tessera {

/// Colours and resolution of an image, as its file gave them; an empty one says nothing. No sample
/// is ever converted by it. PNG, third edition, 11.3.2 and 11.3.4; a JPEG has a profile and a
/// resolution, a BMP a resolution.
struct ImageMetadata {
  /// Bytes of an ICC profile that are kept; a larger or damaged one is left out.
  static constexpr std::size_t max_icc_profile = std::size_t{16} << 20;

  std::vector<std::byte> icc_profile;             // unpacked
  std::uint32_t gamma = 0;                        // gAMA: of the file, in 1/100000
  std::array<std::uint32_t, 8> chromaticities{};  // cHRM: x, y of white, red, green, blue; 1/100000
  std::optional<std::uint8_t> srgb_intent;        // sRGB: rendering intent, 0 to 3
  std::optional<std::array<std::uint8_t, 4>> coding;  // cICP: code points of ITU-T H.273
  std::uint32_t resolution_x = 0, resolution_y = 0;   // pixels a metre
  bool resolution_is_ratio = false;  // the two are only the ratio of a pixel's height and width
  int orientation = 1;  // EXIF: how reading has turned the samples; from 5 on sides were swapped

  bool sides_swapped() const { return orientation >= 5; }
  /// Both, if they are a resolution that files can hold.
  void set_resolution(double x, double y) {
    if (!(x >= 1 && y >= 1 && x < 2147483648.0 && y < 2147483648.0)) return;
    resolution_x = static_cast<std::uint32_t>(x + 0.5);
    resolution_y = static_cast<std::uint32_t>(y + 0.5);
    resolution_is_ratio = false;
  }
};

}  // namespace tessera
