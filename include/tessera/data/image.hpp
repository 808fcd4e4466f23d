// SPDX-License-Identifier: BSD-3-Clause
// Image files in: JPEG, PNG and BMP through one function. The only user of stb_image, which decodes
// JPEG and PNG.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <tessera/data/detail/exif.hpp>
#include <tessera/data/detail/image_headers.hpp>
#include <tessera/data/detail/stb.hpp>
#include <tessera/data/image_data.hpp>
#include <tessera/io/file.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// What an image file may ask for before it is refused, whatever its sides.
struct ImageLimits {
  std::uint64_t max_pixels = std::uint64_t{1} << 28;  // 268 million, at most 2^30; an Image takes 2
                                                      // to 8 bytes for each, decoding as much again
  std::uint64_t max_file_size = std::uint64_t{1} << 30;  // bytes; at most 2 GiB - 1
};

namespace detail {

/// Decodes what read_image_header has let through. Memory is bounded by the sizes promised and the
/// file's own size, whatever the compressed data unpacks to.
inline Image decode_by_stb(std::span<const std::byte> bytes, const ImageHeader& header,
                           const std::string& name) {
  struct Free {
    void operator()(void* p) const { stb::own_image_free(p); }
  };
  const auto* data = reinterpret_cast<const stb::stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  const auto fail = [&](const std::string& reason) {
    return image_error(
        name, std::string("cannot decode the ") + format_name(header.format) + ": " + reason);
  };
  // A JPEG is decoded in blocks, so its sides, of 16 bits, grow; a PNG's rows have a byte more.
  const std::size_t h = header.height, w = header.width;
  const std::size_t pixels =
      header.format == ImageFormat::jpeg ? (h + 64) * (w + 64) : h * w + h + w;
  stb::allowance = (std::size_t{1} << 20) + 8 * bytes.size() + pixels * 4 * 16;
  int width = 0, height = 0, channels = 0;
  std::unique_ptr<void, Free> decoded;
  try {
    if (header.depth == 16)
      decoded.reset(stb::own_load_16_from_memory(data, size, &width, &height, &channels, 0));
    else decoded.reset(stb::own_load_from_memory(data, size, &width, &height, &channels, 0));
  } catch (const stb::BrokenAssertion&) {
    throw fail("Corrupt image");
  }
  if (!decoded) {
    const std::string reason = stb::own_failure_reason();
    if (header.format == ImageFormat::jpeg && reason == "unknown marker")  // the headers have none
      throw fail(
          "the coded pixels do not end where a restart marker stands; there are other bytes "
          "before it, or its distance is not the one the file names");
    throw fail(printable_name(reason));  // it may quote the file
  }
  if (static_cast<std::uint32_t>(width) != header.width ||
      static_cast<std::uint32_t>(height) != header.height || channels < 1 || channels > 4)
    throw fail("expected " + std::to_string(header.width) + "x" + std::to_string(header.height) +
               " pixels, got " + std::to_string(width) + "x" + std::to_string(height) + "x" +
               std::to_string(channels));
  Image image(height, width, channels, header.depth);
  if (header.depth == 16)
    std::copy_n(static_cast<const stb::stbi_us*>(decoded.get()), image.samples.size(),
                image.samples.data());
  else
    std::copy_n(static_cast<const stb::stbi_uc*>(decoded.get()), image.samples.size(),
                image.samples.data());
  return image;
}

inline Image decode_checked(std::span<const std::byte> bytes, const ImageHeader& header,
                            const std::string& name) {
  if (header.format == ImageFormat::bmp) return decode_bmp(bytes, name);
  if (header.palette_size >= header.palette_range) return decode_by_stb(bytes, header, name);
  return decode_by_stb(with_full_palette(bytes, header), header, name);
}

}  // namespace detail

/// The image in `bytes`, a whole JPEG (baseline or progressive, grey or colour), PNG or BMP (not
/// compressed) file; the format is told by the bytes. Channels and depth are the file's own:
/// palettes become RGB, 1-, 2- and 4-bit PNG 8-bit, and colours that PNG calls transparent an alpha
/// channel; a pixel that names a colour beyond its palette is black. The EXIF orientation, of a
/// JPEG or in a PNG's eXIf chunk, is applied. `name` is what errors call it. Errors: FileError, one
/// sentence, if it is none of these, too large, damaged or incomplete.
inline Image decode_image(std::span<const std::byte> bytes, const std::string& name,
                          const ImageLimits& limits = {}) {
  constexpr std::size_t largest = std::numeric_limits<int>::max();
  if (bytes.size() > largest)
    throw detail::image_error(name, "expected an image of at most " + std::to_string(largest) +
                                        " bytes, got " + std::to_string(bytes.size()));
  detail::ImageHeader header = detail::read_image_header(bytes, name);
  const std::string size = std::to_string(header.width) + "x" + std::to_string(header.height);
  if (header.width == 0 || header.height == 0)
    throw detail::image_error(name, "expected an image of at least 1x1 pixels, got " + size);
  const std::uint64_t most = std::min(limits.max_pixels, std::uint64_t{1} << 30);
  if (std::uint64_t{header.width} * header.height > most)
    throw detail::image_error(name,
                              "expected at most " + std::to_string(most) + " pixels, got " + size);
  Image image = detail::decode_checked(bytes, header, name);
  image.metadata = std::move(header.metadata);
  return detail::upright(std::move(image));
}

/// The image in a file, as decode_image. Errors: FileError with the path, also if the file cannot
/// be read.
inline Image read_image(const std::filesystem::path& path, const ImageLimits& limits = {}) {
  return decode_image(read_file(path, limits.max_file_size), path.string(), limits);
}

}  // namespace tessera
