// SPDX-License-Identifier: BSD-3-Clause
// The orientation in which a camera held a picture: read from the EXIF block of a JPEG, applied to
// the samples. EXIF is a TIFF directory in either byte order (Exif 2.32, tag 0x0112).
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <tessera/data/image_data.hpp>

namespace tessera::detail {

/// Whole numbers at byte positions of a block, in one byte order. Nothing outside the block is
/// read: `at` is 0 there, and `holds` tells.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, bool big_endian)
      : bytes_(bytes), big_endian_(big_endian) {}

  bool holds(std::size_t offset, std::size_t count) const {
    return offset <= bytes_.size() && count <= bytes_.size() - offset;
  }
  /// The number of `count` bytes at `offset`.
  std::uint32_t at(std::size_t offset, std::size_t count) const {
    if (!holds(offset, count)) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value = value << 8 |
              std::to_integer<std::uint32_t>(bytes_[offset + (big_endian_ ? i : count - 1 - i)]);
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool big_endian_;
};

/// The orientation, 1..8, of an EXIF block: the content of a JPEG's APP1 segment from "Exif" on.
/// 1, as it lies, wherever the block is damaged or says nothing.
inline int exif_orientation(std::span<const std::byte> block) {
  const ByteReader head(block, true);
  if (!head.holds(0, 6) || head.at(0, 4) != 0x45786966 || head.at(4, 2) != 0) return 1;  // "Exif"
  const auto tiff = block.subspan(6);
  const std::uint32_t mark = ByteReader(tiff, true).at(0, 2);
  if (mark != 0x4D4D && mark != 0x4949) return 1;  // "MM" or "II"
  const ByteReader number(tiff, mark == 0x4D4D);
  if (number.at(2, 2) != 42) return 1;
  const std::size_t directory = number.at(4, 4);
  const std::size_t entries = number.at(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (!number.holds(entry, 12)) return 1;
    if (number.at(entry, 2) != 0x0112) continue;
    const bool one_short = number.at(entry + 2, 2) == 3 && number.at(entry + 4, 4) == 1;
    const auto orientation = static_cast<int>(number.at(entry + 8, 2));
    return one_short && orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/// The image turned and mirrored as `orientation` 1..8 says, so that its first row is the top.
inline Image upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool transpose = orientation >= 5;
  const bool rows = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const bool columns = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  Image out(transpose ? image.width : image.height, transpose ? image.height : image.width,
            image.channels, image.depth);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      int row = transpose ? x : y, column = transpose ? y : x;
      if (rows) row = image.height - 1 - row;
      if (columns) column = image.width - 1 - column;
      const std::uint16_t* from = image.pixel(row, column);
      std::uint16_t* to = out.pixel(y, x);
      for (int c = 0; c < image.channels; ++c) to[c] = from[c];
    }
  return out;
}

}  // namespace tessera::detail
