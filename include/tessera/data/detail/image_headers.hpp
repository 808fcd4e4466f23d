// SPDX-License-Identifier: BSD-3-Clause
// What JPEG, PNG and BMP files say about themselves, checked before a decoder sees a byte: that the
// file is whole, of a kind that we read, and how large the image is. stb_image accepts files that
// end early, ignores checksums, and 2.27 writes past its Huffman tables; none of it gets past here.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tessera/data/detail/exif.hpp>
#include <tessera/data/detail/zlib.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera::detail {

enum class ImageFormat { unknown, jpeg, png, bmp };

inline const char* format_name(ImageFormat format) {
  constexpr std::array names{"image", "JPEG", "PNG", "BMP"};
  return names[static_cast<std::size_t>(format)];
}

/// The format by the first bytes (8 are enough); the file's name does not count.
inline ImageFormat image_format(std::span<const std::byte> bytes) {
  const ByteReader number(bytes, true);
  if (number.at(0, 3) == 0xFFD8FF) return ImageFormat::jpeg;
  if (number.at(0, 4) == 0x89504E47 && number.at(4, 4) == 0x0D0A1A0A) return ImageFormat::png;
  if (number.at(0, 2) == 0x424D) return ImageFormat::bmp;
  return ImageFormat::unknown;
}

/// What a file promises.
struct ImageHeader {
  ImageFormat format = ImageFormat::unknown;
  std::uint32_t height = 0, width = 0;
  int depth = 8;        // bits of a sample after decoding
  int orientation = 1;  // EXIF
};

inline FileError image_error(const std::string& name, const std::string& what) {
  return FileError(name + ": " + what);
}
inline FileError image_ends_early(const std::string& name, ImageFormat format,
                                  const std::string& expected, std::size_t size) {
  return image_error(name, std::string("the ") + format_name(format) + " ends early: expected " +
                               expected + ", got the end of the file at byte " +
                               std::to_string(size));
}

/// Walks the markers of a JPEG up to the end-of-image marker.
inline ImageHeader read_jpeg_header(std::span<const std::byte> bytes, const std::string& name) {
  const ByteReader number(bytes, true);
  ImageHeader header{ImageFormat::jpeg};
  const auto fail = [&](const std::string& what) -> FileError { return image_error(name, what); };
  bool seen_exif = false, seen_scan = false;
  for (std::size_t at = 2;;) {
    // Coded pixels lie between a scan's header and the next marker: FF with neither 0 nor FF.
    while (at + 1 < bytes.size() &&
           (bytes[at] != std::byte{0xFF} || bytes[at + 1] == std::byte{0} ||
            bytes[at + 1] == std::byte{0xFF}))
      ++at;
    if (at + 1 >= bytes.size())
      throw image_ends_early(name, header.format, "an end-of-image marker", bytes.size());
    const std::uint32_t marker = number.at(at + 1, 1);
    at += 2;
    if (marker == 0xD9) break;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;  // without content
    const std::size_t length = number.at(at, 2);
    if (length < 2 || !number.holds(at, length))
      throw image_ends_early(
          name, header.format,
          "a segment of " + std::to_string(length) + " bytes at byte " + std::to_string(at),
          bytes.size());
    const std::size_t end = at + length;
    if (marker == 0xC4) {  // Huffman tables: class and index, 16 counts, the symbols counted
      for (std::size_t table = at + 2; table < end;) {
        std::size_t symbols = 0;
        for (std::size_t i = 1; i <= 16; ++i) symbols += number.at(table + i, 1);
        if (symbols > 256 || end - table < 17 + symbols)
          throw fail("damaged JPEG: a Huffman table of " + std::to_string(symbols) +
                     " symbols at byte " + std::to_string(table));
        table += 17 + symbols;
      }
    } else if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC8 && marker != 0xCC) {
      if (marker > 0xC2)
        throw fail("expected a baseline or progressive JPEG, got coding process " +
                   std::to_string(marker - 0xC0) + " (lossless, hierarchical or arithmetic)");
      if (header.width != 0) throw fail("damaged JPEG: two frame headers");
      const std::uint32_t precision = number.at(at + 2, 1), components = number.at(at + 7, 1);
      header.height = number.at(at + 3, 2);
      header.width = number.at(at + 5, 2);
      if (precision != 8)
        throw fail("expected a JPEG of 8 bits a sample, got " + std::to_string(precision));
      if (components == 4)
        throw fail("expected a grey or colour JPEG, got 4 components (CMYK); save it as RGB");
      if (components != 1 && components != 3)
        throw fail("expected a JPEG of 1 or 3 components, got " + std::to_string(components));
    } else if (marker == 0xDA) {
      seen_scan = true;
    } else if (marker == 0xE1 && !seen_exif && number.at(at + 2, 4) == 0x45786966) {
      header.orientation = exif_orientation(bytes.subspan(at + 2, length - 2));
      seen_exif = true;
    }
    at = end;
  }
  if (header.width == 0 || !seen_scan) throw fail("damaged JPEG: no frame or no scan in it");
  return header;
}

/// Walks the chunks of a PNG up to IEND and checks each checksum.
inline ImageHeader read_png_header(std::span<const std::byte> bytes, const std::string& name) {
  const ByteReader number(bytes, true);
  ImageHeader header{ImageFormat::png};
  for (std::size_t at = 8;;) {  // a chunk: length, type, content, checksum of type and content
    const std::size_t length = number.at(at, 4);
    if (!number.holds(at, 12) || !number.holds(at + 12, length))
      throw image_ends_early(name, header.format, "a whole chunk at byte " + std::to_string(at),
                             bytes.size());
    const std::uint32_t type = number.at(at + 4, 4);
    if (crc32(bytes.subspan(at + 4, 4 + length)) != number.at(at + 8 + length, 4))
      throw image_error(name, "damaged PNG: the checksum of the chunk at byte " +
                                  std::to_string(at) + " is wrong");
    if (at == 8) {
      if (type != 0x49484452 || length != 13)
        throw image_error(name, "damaged PNG: expected an IHDR chunk of 13 bytes first");
      header.width = number.at(16, 4);
      header.height = number.at(20, 4);
      header.depth = number.at(24, 1) == 16 ? 16 : 8;
    }
    const bool known = type == 0x49484452 || type == 0x504C5445 || type == 0x49444154 ||
                       type == 0x49454E44;  // IHDR, PLTE, IDAT, IEND
    if (!known && (type >> 29 & 1) == 0)    // a capital first letter: not to be skipped
      throw image_error(name,
                        "damaged PNG: an unknown critical chunk at byte " + std::to_string(at));
    at += 12 + length;
    if (type == 0x49454E44) return header;
  }
}

/// Checks that the pixels a BMP promises are there.
inline ImageHeader read_bmp_header(std::span<const std::byte> bytes, const std::string& name) {
  const ByteReader number(bytes, false);
  ImageHeader header{ImageFormat::bmp};
  const std::uint64_t pixels_at = number.at(10, 4), header_size = number.at(14, 4);
  if (!number.holds(14, header_size) || header_size < 12)
    throw image_ends_early(name, header.format,
                           "a header of " + std::to_string(header_size) + " bytes at byte 14",
                           bytes.size());
  const bool old = header_size == 12;
  header.width = number.at(18, old ? 2 : 4);
  header.height = number.at(old ? 20 : 22, old ? 2 : 4);
  if (header.height >> 31) header.height = ~header.height + 1;  // negative: rows from the top
  const std::uint64_t bits = number.at(old ? 24 : 28, 2);
  const std::uint32_t compression = old || header_size < 20 ? 0 : number.at(30, 4);
  if (compression != 0 && compression != 3)
    throw image_error(
        name, "expected a BMP without compression, got compression " + std::to_string(compression));
  if (header.width >> 31) throw image_error(name, "damaged BMP: a negative width");
  const std::uint64_t row = (header.width * bits + 31) / 32 * 4;  // below 2^48
  if (pixels_at > bytes.size() || (row != 0 && header.height > (bytes.size() - pixels_at) / row))
    throw image_ends_early(name, header.format,
                           std::to_string(header.height) + " rows of " + std::to_string(row) +
                               " bytes from byte " + std::to_string(pixels_at),
                           bytes.size());
  return header;
}

/// What the file promises. Errors: FileError if it is not a whole JPEG, PNG or BMP.
inline ImageHeader read_image_header(std::span<const std::byte> bytes, const std::string& name) {
  switch (image_format(bytes)) {
    case ImageFormat::jpeg:
      return read_jpeg_header(bytes, name);
    case ImageFormat::png:
      return read_png_header(bytes, name);
    case ImageFormat::bmp:
      return read_bmp_header(bytes, name);
    case ImageFormat::unknown:
      break;
  }
  throw image_error(name, bytes.empty() ? "expected a JPEG, PNG or BMP image, got an empty file"
                                        : "expected a JPEG, PNG or BMP image, got neither");
}

}  // namespace tessera::detail
