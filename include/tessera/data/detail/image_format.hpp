// SPDX-License-Identifier: BSD-3-Clause
// Which kind of image file some bytes are, and the sentences of errors about them.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tessera/data/detail/exif.hpp>
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

/// What a file that we do not read is, by its first bytes: "a WebP image", or "something else".
inline const char* other_format_name(std::span<const std::byte> bytes) {
  const ByteReader number(bytes, true);
  const std::uint32_t first = number.at(0, 4), third = number.at(8, 4);
  if (bytes.empty()) return "an empty file";
  if (first == 0x52494646 && third == 0x57454250) return "a WebP image";  // RIFF, WEBP
  if (first == 0x49492A00 || first == 0x4D4D002A || first == 0x49492B00 || first == 0x4D4D002B)
    return "a TIFF image";
  if (first == 0x47494638) return "a GIF image";
  if (first == 0x38425053) return "a Photoshop document";
  if (number.at(0, 2) == 0xFF0A || (first == 12 && number.at(4, 4) == 0x4A584C20))
    return "a JPEG XL image";
  if (first == 0xFF4FFF51 || (first == 12 && number.at(4, 4) == 0x6A502020))
    return "a JPEG 2000 image";
  if (first == 0x25504446) return "a PDF document";
  if (number.at(4, 4) == 0x66747970) {  // ftyp: the ISO base media file format, with its brand
    if (third == 0x61766966 || third == 0x61766973) return "an AVIF image";
    for (const std::uint32_t brand : {0x68656963u, 0x68656978u, 0x6865696Du, 0x68656973u,
                                      0x68657663u, 0x68657678u, 0x6D696631u, 0x6D736631u})
      if (third == brand) return "a HEIC image";
  }
  return "something else";
}

inline FileError image_error(const std::string& name, const std::string& what) {
  return FileError(name + ": " + what);
}
inline FileError image_ends_early(const std::string& name, ImageFormat format,
                                  const std::string& expected, std::size_t size) {
  return image_error(name, std::string("the ") + format_name(format) + " ends early: expected " +
                               expected + ", got the end of the file at byte " +
                               std::to_string(size));
}

/// What a file promises.
struct ImageHeader {
  ImageFormat format = ImageFormat::unknown;
  std::uint32_t height = 0, width = 0;
  int depth = 8;  // bits of a sample after decoding
  ImageMetadata metadata{};
  std::size_t palette_size = 0;   // colours of a PNG's palette,
  std::size_t palette_range = 0;  // and how many its pixels can name; 0: they hold the colours
};

}  // namespace tessera::detail
