// SPDX-License-Identifier: BSD-3-Clause
// Image files in: JPEG, PNG and BMP through one function. The only user of stb_image.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>

#include <tessera/data/detail/exif.hpp>
#include <tessera/data/image_data.hpp>
#include <tessera/data/detail/image_headers.hpp>
#include <tessera/data/detail/stb.hpp>
#include <tessera/io/file.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// What an image file may ask for before it is refused. A side never exceeds 16384 pixels.
struct ImageLimits {
  static constexpr std::uint32_t max_side = 16384;
  std::uint64_t max_pixels = std::uint64_t{1} << 27;     // 134 million; 2 to 8 bytes each as Image
  std::uint64_t max_file_size = std::uint64_t{1} << 30;  // bytes; at most 2 GiB - 1
};

namespace detail {

/// Decodes what read_image_header has let through. Memory is bounded by the sizes promised and the
/// file's own size, whatever the compressed data unpacks to.
inline Image decode_checked(std::span<const std::byte> bytes, const ImageHeader& header,
                            const std::string& name) {
  struct Free {
    void operator()(void* p) const { stb::stbi_image_free(p); }
  };
  const auto* data = reinterpret_cast<const stb::stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  const auto fail = [&](const std::string& reason) {
    return image_error(
        name, std::string("cannot decode the ") + format_name(header.format) + ": " + reason);
  };
  stb::allowance = (std::size_t{1} << 20) + 8 * bytes.size() +
                   std::size_t{header.height + 64} * (header.width + 64) * 4 * 16;
  int width = 0, height = 0, channels = 0;
  std::unique_ptr<void, Free> decoded;
  try {
    if (header.depth == 16)
      decoded.reset(stb::stbi_load_16_from_memory(data, size, &width, &height, &channels, 0));
    else decoded.reset(stb::stbi_load_from_memory(data, size, &width, &height, &channels, 0));
  } catch (const stb::BrokenAssertion&) {
    throw fail("Corrupt image");
  }
  if (!decoded) throw fail(printable_name(stb::stbi_failure_reason()));  // it may quote the file
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

}  // namespace detail

/// The image in `bytes`, a whole JPEG (baseline or progressive, grey or colour), PNG or BMP (not
/// compressed) file; the format is told by the bytes. Channels and depth are the file's own:
/// palettes become RGB, 1-, 2- and 4-bit PNG 8-bit, and colours that PNG calls transparent an alpha
/// channel. The EXIF orientation of a JPEG is applied. `name` is what errors call it.
/// Errors: FileError, one sentence, if it is none of these, too large, damaged or incomplete.
inline Image decode_image(std::span<const std::byte> bytes, const std::string& name,
                          const ImageLimits& limits = {}) {
  constexpr std::size_t largest = std::numeric_limits<int>::max();
  if (bytes.size() > largest)
    throw detail::image_error(name, "expected an image of at most " + std::to_string(largest) +
                                        " bytes, got " + std::to_string(bytes.size()));
  const detail::ImageHeader header = detail::read_image_header(bytes, name);
  const std::string size = std::to_string(header.width) + "x" + std::to_string(header.height);
  if (header.width == 0 || header.height == 0)
    throw detail::image_error(name, "expected an image of at least 1x1 pixels, got " + size);
  if (header.width > ImageLimits::max_side || header.height > ImageLimits::max_side)
    throw detail::image_error(name, "expected sides of at most " +
                                        std::to_string(ImageLimits::max_side) + " pixels, got " +
                                        size);
  if (std::uint64_t{header.width} * header.height > limits.max_pixels)
    throw detail::image_error(
        name, "expected at most " + std::to_string(limits.max_pixels) + " pixels, got " + size);
  return detail::upright(detail::decode_checked(bytes, header, name), header.orientation);
}

/// The image in a file, as decode_image. Errors: FileError with the path, also if the file cannot
/// be read.
inline Image read_image(const std::filesystem::path& path, const ImageLimits& limits = {}) {
  return decode_image(read_file(path, limits.max_file_size), path.string(), limits);
}

}  // namespace tessera
