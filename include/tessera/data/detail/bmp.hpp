// SPDX-License-Identifier: BSD-3-Clause
// BMP files in, not compressed: every header from OS/2's 12 bytes to Windows' version 5; palettes
// of 1, 2, 4 and 8 bits, 16 bits, 24 and 32. Pixels that name a colour beyond the palette are
// black.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tessera/data/detail/exif.hpp>
#include <tessera/data/detail/image_format.hpp>
#include <tessera/data/image_data.hpp>

namespace tessera::detail {

/// Where things lie in a BMP file whose pixels are all there.
struct BmpLayout {
  std::uint32_t width = 0, height = 0;
  bool from_top = false;  // the first row of the file is the top one
  std::uint32_t bits = 0;
  std::uint64_t row = 0, pixels_at = 0;              // bytes
  std::array<std::uint32_t, 4> masks{};              // of red, green, blue, alpha: 16 and 32 bits
  bool masks_given = false;                          // by the file
  std::size_t palette_at = 0, palette_entry = 4;     // bytes
  std::size_t palette_size = 0;                      // colours that the file has
  std::uint32_t resolution_x = 0, resolution_y = 0;  // pixels a metre
};

/// The bit masks of a file with 16 or 32 bits a pixel.
inline void read_bmp_masks(BmpLayout& bmp, const ByteReader& number, std::uint64_t header_size,
                           std::uint32_t compression, const std::string& name) {
  bmp.masks_given = compression != 0;
  if (!bmp.masks_given)
    bmp.masks = bmp.bits == 16
                    ? std::array<std::uint32_t, 4>{31u << 10, 31u << 5, 31u, 0}
                    : std::array<std::uint32_t, 4>{0xFF0000u, 0xFF00u, 0xFFu, 0xFF000000u};
  else
    for (std::size_t i = 0; i < 4; ++i)  // in the header, or, of one of 40 bytes, behind it
      if (i < 3 || header_size >= 56 || compression == 6) bmp.masks[i] = number.at(54 + 4 * i, 4);
  for (std::size_t i = 0; i < 3; ++i)
    if (bmp.masks[i] == 0) throw image_error(name, "damaged BMP: a colour has no bits");
}

/// Reads the header and checks that the palette and pixels it promises are there.
inline BmpLayout read_bmp_layout(std::span<const std::byte> bytes, const std::string& name) {
  const ByteReader number(bytes, false);
  BmpLayout bmp;
  const std::uint64_t header_size = number.at(14, 4);
  if (!number.holds(14, header_size) || header_size < 12)
    throw image_ends_early(name, ImageFormat::bmp,
                           "a header of " + std::to_string(header_size) + " bytes at byte 14",
                           bytes.size());
  const bool old = header_size == 12;
  if (!old && header_size < 16)
    throw image_error(name, "damaged BMP: a header of " + std::to_string(header_size) + " bytes");
  const auto field = [&](std::size_t at, std::size_t size) {  // 0 beyond a short header
    return at + size <= 14 + header_size ? number.at(at, size) : 0;
  };
  bmp.pixels_at = number.at(10, 4);
  bmp.width = old ? field(18, 2) : field(18, 4);
  bmp.height = old ? field(20, 2) : field(22, 4);
  bmp.from_top = bmp.height >> 31 != 0;
  if (bmp.from_top) bmp.height = ~bmp.height + 1;
  bmp.bits = field(old ? 24 : 28, 2);
  const std::uint32_t compression = old ? 0 : field(30, 4);
  const bool has_masks = (compression == 3 || compression == 6) && header_size >= 40 &&
                         header_size != 64;  // OS/2's 3 is a Huffman code
  if (compression != 0 && !has_masks)
    throw image_error(
        name, "expected a BMP without compression, got compression " + std::to_string(compression));
  if (bmp.width >> 31) throw image_error(name, "damaged BMP: a negative width");
  constexpr std::array known{1u, 2u, 4u, 8u, 16u, 24u, 32u};
  if (std::ranges::find(known, bmp.bits) == known.end() ||
      (has_masks && bmp.bits != 16 && bmp.bits != 32))
    throw image_error(name, "expected a BMP of 1, 2, 4, 8, 16, 24 or 32 bits a pixel, got " +
                                std::to_string(bmp.bits) + (has_masks ? " with bit masks" : ""));
  if (bmp.pixels_at < 14 + header_size)
    throw image_error(name, "damaged BMP: its pixels begin at byte " +
                                std::to_string(bmp.pixels_at) + ", inside its header");
  bmp.row = (std::uint64_t{bmp.width} * bmp.bits + 31) / 32 * 4;  // below 2^34
  if (bmp.pixels_at > bytes.size() ||
      (bmp.row != 0 && bmp.height > (bytes.size() - bmp.pixels_at) / bmp.row))
    throw image_ends_early(name, ImageFormat::bmp,
                           std::to_string(bmp.height) + " rows of " + std::to_string(bmp.row) +
                               " bytes from byte " + std::to_string(bmp.pixels_at),
                           bytes.size());
  if (bmp.bits <= 8) {
    bmp.palette_entry = old ? 3 : 4;
    bmp.palette_at = static_cast<std::size_t>(14 + header_size);
    const std::size_t all = std::size_t{1} << bmp.bits, said = old ? 0 : field(46, 4);
    bmp.palette_size =
        std::min({said == 0 ? all : said, all,
                  (static_cast<std::size_t>(bmp.pixels_at) - bmp.palette_at) / bmp.palette_entry});
  } else if (bmp.bits != 24) {
    read_bmp_masks(bmp, number, header_size, compression, name);
  }
  bmp.resolution_x = old ? 0 : field(38, 4);
  bmp.resolution_y = old ? 0 : field(42, 4);
  return bmp;
}

/// The bits of `value` under `mask` as 8 bits: fewer are repeated, of more the highest are taken.
inline std::uint16_t bmp_sample(std::uint32_t value, std::uint32_t mask) {
  if (mask == 0) return 0;
  const int low = std::countr_zero(mask), bits = 32 - low - std::countl_zero(mask);
  const std::uint32_t number = (value & mask) >> low;
  if (bits >= 8) return static_cast<std::uint16_t>(number >> (bits - 8));
  std::uint32_t repeated = 0;
  for (int at = 8 - bits; at > -bits; at -= bits)
    repeated |= at >= 0 ? number << at : number >> -at;
  return static_cast<std::uint16_t>(repeated & 255);
}

/// The pixels, in RGB; in RGBA where the file has an alpha channel. Where its four bytes a pixel
/// are not said to hold alpha and the fourth are all 0, the image is opaque.
inline Image decode_bmp(std::span<const std::byte> bytes, const std::string& name) {
  const BmpLayout bmp = read_bmp_layout(bytes, name);
  const ByteReader number(bytes, false);
  std::array<std::array<std::uint16_t, 3>, 256> palette{};  // black
  for (std::size_t i = 0; i < bmp.palette_size; ++i)
    for (std::size_t c = 0; c < 3; ++c)
      palette[i][c] =
          static_cast<std::uint16_t>(number.at(bmp.palette_at + i * bmp.palette_entry + 2 - c, 1));
  const int channels = bmp.masks[3] != 0 ? 4 : 3;
  Image image(static_cast<int>(bmp.height), static_cast<int>(bmp.width), channels);
  bool transparent = true;
  for (int y = 0; y < image.height; ++y) {
    const auto row = static_cast<std::uint64_t>(bmp.from_top ? y : image.height - 1 - y);
    const auto start = static_cast<std::size_t>(bmp.pixels_at + row * bmp.row);
    std::uint16_t* out = image.pixel(y, 0);
    for (std::uint32_t x = 0; x < bmp.width; ++x, out += channels) {
      if (bmp.bits <= 8) {
        const std::uint32_t byte = number.at(start + std::size_t{x} * bmp.bits / 8, 1);
        const std::uint32_t shift = 8 - bmp.bits - x * bmp.bits % 8;
        const std::uint32_t index = byte >> shift & ((1u << bmp.bits) - 1);
        std::copy_n(palette[index].begin(), 3, out);
      } else if (bmp.bits == 24) {
        for (std::size_t c = 0; c < 3; ++c)
          out[c] = static_cast<std::uint16_t>(number.at(start + std::size_t{x} * 3 + 2 - c, 1));
      } else {
        const std::size_t size = bmp.bits / 8;
        const std::uint32_t pixel = number.at(start + x * size, size);
        for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c)
          out[c] = bmp_sample(pixel, bmp.masks[c]);
        transparent &= channels == 4 && out[3] == 0;
      }
    }
  }
  if (channels == 4 && transparent && !bmp.masks_given)
    for (std::size_t i = 3; i < image.samples.size(); i += 4) image.samples[i] = 255;
  return image;
}

}  // namespace tessera::detail
