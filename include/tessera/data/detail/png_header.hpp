// SPDX-License-Identifier: BSD-3-Clause
// What a PNG says about itself, checked before a decoder sees a byte: that it is whole, its
// checksums, and what its colours mean (PNG, third edition, 11.3).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <tessera/data/detail/exif.hpp>
#include <tessera/data/detail/image_format.hpp>
#include <tessera/data/detail/zlib.hpp>

namespace tessera::detail {

/// A PNG chunk's type as a number: png_type("IHDR").
constexpr std::uint32_t png_type(const char (&name)[5]) {
  std::uint32_t type = 0;
  for (int i = 0; i < 4; ++i) type = type << 8 | static_cast<unsigned char>(name[i]);
  return type;
}

/// Puts what an ancillary chunk of the right size says about colours and resolution into
/// `metadata`; the first of a kind counts. A damaged profile is left out, the picture is not.
inline void read_png_metadata(ImageMetadata& metadata, std::uint32_t type,
                              std::span<const std::byte> content) {
  const ByteReader number(content, true);
  const std::size_t size = content.size();
  if (type == png_type("gAMA") && size == 4 && metadata.gamma == 0) {
    metadata.gamma = number.at(0, 4);
  } else if (type == png_type("cHRM") && size == 32 && metadata.chromaticities[1] == 0) {
    for (std::size_t i = 0; i < 8; ++i) metadata.chromaticities[i] = number.at(4 * i, 4);
  } else if (type == png_type("sRGB") && size == 1 && !metadata.srgb_intent) {
    if (number.at(0, 1) < 4) metadata.srgb_intent = static_cast<std::uint8_t>(number.at(0, 1));
  } else if (type == png_type("cICP") && size == 4 && !metadata.coding) {
    for (std::size_t i = 0; i < 4; ++i)
      (metadata.coding ? *metadata.coding : metadata.coding.emplace())[i] =
          static_cast<std::uint8_t>(number.at(i, 1));
  } else if (type == png_type("pHYs") && size == 9 && metadata.resolution_x == 0) {
    metadata.set_resolution(number.at(0, 4), number.at(4, 4));
    metadata.resolution_is_ratio = number.at(8, 1) != 1;
  } else if (type == png_type("iCCP") && metadata.icc_profile.empty()) {
    // A name of 1 to 79 bytes, 0, the method 0, a zlib stream.
    const auto end = std::ranges::find(content, std::byte{0});
    const auto name = static_cast<std::size_t>(std::distance(content.begin(), end));
    if (name >= 1 && name <= 79 && number.holds(name, 2) && number.at(name + 1, 1) == 0)
      metadata.icc_profile = zlib_expand(content.subspan(name + 2), ImageMetadata::max_icc_profile);
  }
}

/// Walks the chunks of a PNG up to IEND and checks each checksum.
inline ImageHeader read_png_header(std::span<const std::byte> bytes, const std::string& name) {
  const ByteReader number(bytes, true);
  ImageHeader header{ImageFormat::png};
  const auto damaged = [&](const std::string& what) {
    return image_error(name, "damaged PNG: " + what);
  };
  bool seen_pixels = false;
  std::span<const std::byte> exif;
  for (std::size_t at = 8;;) {  // a chunk: length, type, content, checksum of type and content
    const std::size_t length = number.at(at, 4);
    if (!number.holds(at, 12) || !number.holds(at + 12, length))
      throw image_ends_early(name, header.format, "a whole chunk at byte " + std::to_string(at),
                             bytes.size());
    const std::uint32_t type = number.at(at + 4, 4);
    const auto content = bytes.subspan(at + 8, length);
    if (crc32(bytes.subspan(at + 4, 4 + length)) != number.at(at + 8 + length, 4))
      throw damaged("the checksum of the chunk at byte " + std::to_string(at) + " is wrong");
    if (at == 8) {
      if (type != png_type("IHDR") || length != 13)
        throw damaged("expected an IHDR chunk of 13 bytes first");
      header.width = number.at(16, 4);
      header.height = number.at(20, 4);
      const std::uint32_t depth = number.at(24, 1);
      header.depth = depth == 16 ? 16 : 8;
      if (number.at(25, 1) == 3 && depth <= 8) header.palette_range = std::size_t{1} << depth;
    } else if (type == png_type("PLTE")) {
      header.palette_size = length / 3;
    } else if (type == png_type("tRNS") && header.palette_range != 0 &&
               length > header.palette_size) {
      throw damaged("expected the transparency of at most " + std::to_string(header.palette_size) +
                    " colours of the palette, got " + std::to_string(length));
    } else if (type == png_type("IDAT")) {
      seen_pixels = true;
    } else if (type == png_type("eXIf") && exif.empty()) {
      exif = content;
    } else if (type == png_type("IEND")) {
      if (!exif.empty()) add_exif(header.metadata, exif);
      return header;
    } else if ((type >> 29 & 1) == 0) {  // a capital first letter: not to be skipped
      throw damaged("an unknown critical chunk at byte " + std::to_string(at));
    } else if (!seen_pixels) {
      read_png_metadata(header.metadata, type, content);
    }
    at += 12 + length;
  }
}

/// The file with as many colours in its palette as its pixels can name, the new ones black:
/// stb_image 2.27 would take what lies on the stack. Checksums are not kept: they were checked.
inline std::vector<std::byte> with_full_palette(std::span<const std::byte> png,
                                                const ImageHeader& header) {
  const ByteReader number(png, true);
  std::vector<std::byte> out;
  out.reserve(png.size() + 3 * header.palette_range);
  out.insert(out.end(), png.begin(), png.begin() + 8);
  for (std::size_t at = 8; at < png.size();) {
    const std::size_t length = number.at(at, 4);
    if (!number.holds(at, 12 + length)) break;  // behind IEND
    const auto chunk = png.subspan(at, 12 + length);
    at += chunk.size();
    const bool pad = number.at(at - chunk.size() + 4, 4) == png_type("PLTE") && length != 0 &&
                     length % 3 == 0 && length < 3 * header.palette_range;
    const std::size_t start = out.size();
    out.insert(out.end(), chunk.begin(), chunk.end());
    if (!pad) continue;
    out.resize(out.size() + 3 * header.palette_range - length);
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(start + 8 + length), out.end(),
              std::byte{0});
    for (std::size_t i = 0; i < 4; ++i)
      out[start + i] = static_cast<std::byte>(3 * header.palette_range >> (24 - 8 * i) & 255);
  }
  return out;
}

}  // namespace tessera::detail
