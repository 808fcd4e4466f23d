// SPDX-License-Identifier: BSD-3-Clause
// Image files of any kind, byte by byte, for tests.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera::testing {

using Bytes = std::vector<std::byte>;

inline Image noise(int height, int width, int channels, int depth = 8) {
  Image image(height, width, channels, depth);
  RandomStream random(Seed{3}, 1);
  for (std::uint16_t& s : image.samples)
    s = static_cast<std::uint16_t>(random.integer(0, image.largest() + 1));
  return image;
}

inline bool same(const Image& a, const Image& b) {
  return a.shape() == b.shape() && a.depth == b.depth &&
         std::equal(a.samples.begin(), a.samples.end(), b.samples.begin(), b.samples.end());
}

/// What decode_image says of the file.
inline std::string error_of(const Bytes& file, const ImageLimits& limits = {}) {
  try {
    decode_image(file, "x", limits);
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

inline void put_number(Bytes& out, std::uint32_t value, int count, bool big) {
  if (big) detail::append_big(out, value, count);
  else detail::append_little(out, value, count);
}

/// A value of a TIFF directory.
struct TiffEntry {
  std::uint32_t tag, type, count;
  Bytes value;  // in the file's byte order; more than four bytes are put behind the directory
};

/// A TIFF file with one directory.
inline Bytes tiff_file(const std::vector<TiffEntry>& entries, bool big) {
  Bytes out, behind;
  put_number(out, big ? 0x4D4D : 0x4949, 2, big);
  put_number(out, 42, 2, big);
  put_number(out, 8, 4, big);
  put_number(out, static_cast<std::uint32_t>(entries.size()), 2, big);
  const std::size_t after = 8 + 2 + 12 * entries.size() + 4;
  for (const TiffEntry& entry : entries) {
    put_number(out, entry.tag, 2, big);
    put_number(out, entry.type, 2, big);
    put_number(out, entry.count, 4, big);
    Bytes value = entry.value;
    if (value.size() > 4) {
      value.clear();
      put_number(value, static_cast<std::uint32_t>(after + behind.size()), 4, big);
      behind.insert(behind.end(), entry.value.begin(), entry.value.end());
    }
    value.resize(4);
    out.insert(out.end(), value.begin(), value.end());
  }
  put_number(out, 0, 4, big);
  out.insert(out.end(), behind.begin(), behind.end());
  return out;
}

/// A number of `size` bytes as a TIFF value.
inline Bytes tiff_number(std::uint32_t value, int size, bool big) {
  Bytes out;
  put_number(out, value, size, big);
  return out;
}

/// The content of a JPEG's EXIF segment: three entries, the orientation in the middle.
inline Bytes exif_block(int orientation, bool big) {
  Bytes out;
  for (const char c : {'E', 'x', 'i', 'f', '\0', '\0'}) out.push_back(static_cast<std::byte>(c));
  const auto value = static_cast<std::uint32_t>(orientation);
  const Bytes tiff = tiff_file({{0x010F, 3, 1, tiff_number(5, 2, big)},
                                {0x0112, 3, 1, tiff_number(value, 2, big)},
                                {0x0131, 3, 1, tiff_number(5, 2, big)}},
                               big);
  out.insert(out.end(), tiff.begin(), tiff.end());
  return out;
}

/// The JPEG with a segment FF `marker` put first.
inline Bytes with_segment(const Bytes& jpeg, std::uint32_t marker, const Bytes& content) {
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  detail::append_big(out, 0xFF00 + marker, 2);
  detail::append_big(out, static_cast<std::uint32_t>(content.size() + 2), 2);
  out.insert(out.end(), content.begin(), content.end());
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}
inline Bytes with_exif(const Bytes& jpeg, const Bytes& block) {
  return with_segment(jpeg, 0xE1, block);
}

/// The PNG with a chunk put behind IHDR.
inline Bytes with_chunk(const Bytes& png, const std::string& type, const Bytes& content) {
  Bytes out(png.begin(), png.begin() + 33);
  detail::append_chunk(out, type, content);
  out.insert(out.end(), png.begin() + 33, png.end());
  return out;
}

/// Puts a number into a PNG's IHDR, which lies at 8, and its checksum right.
inline Bytes with_ihdr(Bytes png, std::size_t at, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i)
    png[at + static_cast<std::size_t>(i)] =
        static_cast<std::byte>(value >> (8 * (count - 1 - i)) & 255);
  const std::uint32_t crc = detail::crc32(std::span(png).subspan(12, 17));
  for (std::size_t i = 0; i < 4; ++i)
    png[29 + i] = static_cast<std::byte>(crc >> (24 - 8 * i) & 255);
  return png;
}

/// The chunk of this type in a PNG; empty if there is none.
inline Bytes chunk_of(const Bytes& png, const std::string& type) {
  const detail::ByteReader number(png, true);
  for (std::size_t at = 8; number.holds(at, 12); at += 12 + number.at(at, 4)) {
    const auto name = bytes_of(type);
    if (!std::equal(name.begin(), name.end(), png.begin() + static_cast<std::ptrdiff_t>(at + 4)))
      continue;
    const auto content = png.begin() + static_cast<std::ptrdiff_t>(at + 8);
    return {content, content + static_cast<std::ptrdiff_t>(number.at(at, 4))};
  }
  return {};
}

}  // namespace tessera::testing
