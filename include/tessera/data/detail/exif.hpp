// SPDX-License-Identifier: BSD-3-Clause
// What a camera says of a picture: how it was held, and the resolution. EXIF is a TIFF directory in
// either byte order (Exif 2.32): tags 0x0112, 0x011A, 0x011B, 0x0128.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

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

/// The first value of the directory's entry at `entry`, of any whole or rational type; nothing if
/// it has another type or lies outside the block.
inline std::optional<double> exif_value(const ByteReader& number, std::size_t entry) {
  const std::uint32_t type = number.at(entry + 2, 2), count = number.at(entry + 4, 4);
  const bool rational = type == 5 || type == 10;
  std::size_t size = 0;
  if (type == 1 || type == 6) size = 1;                // BYTE, SBYTE
  if (type == 3 || type == 8) size = 2;                // SHORT, SSHORT
  if (type == 4 || type == 9 || type == 13) size = 4;  // LONG, SLONG, IFD
  if (rational) size = 8;
  if (size == 0 || count == 0) return std::nullopt;
  // Values of more than four bytes lie elsewhere.
  const std::size_t at = count <= 4 / size ? entry + 8 : number.at(entry + 8, 4);
  if (!number.holds(at, size * count)) return std::nullopt;
  const double first = number.at(at, rational ? 4 : size);
  if (!rational) return first;
  const double second = number.at(at + 4, 4);
  return second > 0 ? std::optional(first / second) : std::nullopt;
}

/// What is read of an EXIF block; the default wherever it is damaged or says nothing.
struct Exif {
  int orientation = 1;       // 1..8; 1: as it lies
  double x = 0, y = 0;       // pixels for each unit of resolution
  double unit = 1 / 0.0254;  // units in a metre: inches, or centimetres
};

/// `block` is a TIFF file as PNG's eXIf has it, or one behind "Exif" and two zeros as in a JPEG.
inline Exif read_exif(std::span<const std::byte> block) {
  Exif exif;
  const ByteReader head(block, true);
  const auto tiff = head.holds(0, 6) && head.at(0, 4) == 0x45786966 && head.at(4, 2) == 0
                        ? block.subspan(6)
                        : block;
  const std::uint32_t mark = ByteReader(tiff, true).at(0, 2);
  if (mark != 0x4D4D && mark != 0x4949) return exif;  // "MM" or "II"
  const ByteReader number(tiff, mark == 0x4D4D);
  if (number.at(2, 2) != 42) return exif;
  const std::size_t directory = number.at(4, 4);
  const std::size_t entries = number.at(directory, 2);
  bool oriented = false;
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * i;
    if (!number.holds(entry, 12)) return exif;
    const std::uint32_t tag = number.at(entry, 2);
    if (tag != 0x0112 && tag != 0x011A && tag != 0x011B && tag != 0x0128) continue;
    const double value = exif_value(number, entry).value_or(0);
    if (tag == 0x0112 && !oriented) {
      oriented = true;
      if (value >= 1 && value <= 8 && value == static_cast<int>(value))
        exif.orientation = static_cast<int>(value);
    }
    if (tag == 0x011A) exif.x = value;
    if (tag == 0x011B) exif.y = value;
    if (tag == 0x0128) exif.unit = value == 3 ? 100 : value == 2 ? 1 / 0.0254 : 0;
  }
  return exif;
}

/// Puts what the block says into the metadata; a resolution that is there already stays.
inline void add_exif(ImageMetadata& metadata, std::span<const std::byte> block) {
  const Exif exif = read_exif(block);
  metadata.orientation = exif.orientation;
  if (metadata.resolution_x == 0) metadata.set_resolution(exif.x * exif.unit, exif.y * exif.unit);
}

/// The image turned and mirrored as its metadata's orientation says, so that its first row is the
/// top.
inline Image upright(Image image) {
  const int orientation = image.metadata.orientation;
  if (orientation <= 1 || orientation > 8) return image;
  const bool transpose = image.metadata.sides_swapped();
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
  out.metadata = std::move(image.metadata);
  if (transpose) std::swap(out.metadata.resolution_x, out.metadata.resolution_y);
  return out;
}

}  // namespace tessera::detail
