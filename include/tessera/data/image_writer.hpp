// SPDX-License-Identifier: BSD-3-Clause
// Image files out, without loss: PNG of 8 and 16 bits, BMP of 8.
#pragma once
#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/data/image_data.hpp>
#include <tessera/data/detail/image_headers.hpp>
#include <tessera/data/detail/zlib.hpp>
#include <tessera/io/file.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {
namespace detail {

/// Appends the `count` low bytes of `value`, the highest first (PNG) or last (BMP).
inline void append_big(std::vector<std::byte>& out, std::uint32_t value, int count) {
  while (count-- > 0) out.push_back(static_cast<std::byte>(value >> (8 * count) & 255));
}
inline void append_little(std::vector<std::byte>& out, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i) & 255));
}

inline void append_chunk(std::vector<std::byte>& out, std::string_view type,
                         std::span<const std::byte> content) {
  append_big(out, static_cast<std::uint32_t>(content.size()), 4);
  const std::size_t start = out.size();
  const auto name = bytes_of(type);
  out.insert(out.end(), name.begin(), name.end());
  out.insert(out.end(), content.begin(), content.end());
  append_big(out, crc32(std::span(out).subspan(start)), 4);
}

/// What PNG's filter 0 to 4 predicts for a byte from its neighbours left, above and above left.
inline int png_prediction(int filter, int left, int above, int corner) {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) / 2;
    case 4: {
      const int estimate = left + above - corner;
      const int to_left = std::abs(estimate - left), to_above = std::abs(estimate - above);
      const int to_corner = std::abs(estimate - corner);
      if (to_left <= to_above && to_left <= to_corner) return left;
      return to_above <= to_corner ? above : corner;
    }
    default:
      return 0;
  }
}

/// The rows of an image, each with the filter that leaves the smallest differences.
inline std::vector<std::byte> png_rows(const Image& image) {
  const auto bytes = static_cast<std::size_t>(image.depth / 8);
  const std::size_t pixel = bytes * static_cast<std::size_t>(image.channels);
  const std::size_t row = pixel * static_cast<std::size_t>(image.width);
  std::vector<std::byte> out;
  out.reserve((row + 1) * static_cast<std::size_t>(image.height));
  // A pixel of zeros stands before each row, a row of zeros above the first.
  std::vector<int> above(pixel + row), current(pixel + row);
  std::array<std::vector<std::byte>, 5> tried;
  for (int y = 0; y < image.height; ++y) {
    const std::uint16_t* samples = image.pixel(y, 0);
    for (std::size_t i = 0; i < row; ++i)
      current[pixel + i] =
          bytes == 1 ? samples[i] : (i % 2 == 0 ? samples[i / 2] >> 8 : samples[i / 2] & 255);
    std::size_t best = 0;
    std::int64_t least = 0;
    for (std::size_t filter = 0; filter < tried.size(); ++filter) {
      tried[filter].assign(1, static_cast<std::byte>(filter));
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < row; ++i) {
        const int prediction =
            png_prediction(static_cast<int>(filter), current[i], above[pixel + i], above[i]);
        const int difference = (current[pixel + i] - prediction) & 255;
        sum += std::min(difference, 256 - difference);
        tried[filter].push_back(static_cast<std::byte>(difference));
      }
      if (filter == 0 || sum < least) best = filter, least = sum;
    }
    out.insert(out.end(), tried[best].begin(), tried[best].end());
    above.swap(current);
  }
  return out;
}

/// Whether PNG allows the profile for an image of so many colours: one of grey for 1, of RGB for 3.
/// What has no profile's signature is not told, and kept.
inline bool profile_fits(std::span<const std::byte> profile, int colours) {
  const ByteReader number(profile, true);
  if (number.at(36, 4) != 0x61637370) return true;  // "acsp"; the colour space lies at 16
  return number.at(16, 4) == (colours == 1 ? 0x47524159u : 0x52474220u);
}

/// The chunks that say what the samples mean.
inline void append_metadata(std::vector<std::byte>& out, const Image& image) {
  const ImageMetadata& metadata = image.metadata;
  std::vector<std::byte> chunk;
  const auto finish = [&](std::string_view type) {
    append_chunk(out, type, chunk);
    chunk.clear();
  };
  if (metadata.coding) {
    for (const std::uint8_t number : *metadata.coding) append_big(chunk, number, 1);
    finish("cICP");
  }
  if (!metadata.icc_profile.empty() && profile_fits(metadata.icc_profile, image.colours())) {
    const auto name = bytes_of("ICC profile");
    chunk.assign(name.begin(), name.end());
    append_big(chunk, 0, 2);  // the end of the name, deflate
    const auto profile = zlib_compress(metadata.icc_profile);
    chunk.insert(chunk.end(), profile.begin(), profile.end());
    finish("iCCP");
  } else if (metadata.srgb_intent) {  // PNG wants one of the two
    append_big(chunk, *metadata.srgb_intent, 1);
    finish("sRGB");
  }
  if (metadata.gamma != 0) {
    append_big(chunk, metadata.gamma, 4);
    finish("gAMA");
  }
  if (metadata.chromaticities[1] != 0) {
    for (const std::uint32_t number : metadata.chromaticities) append_big(chunk, number, 4);
    finish("cHRM");
  }
  if (metadata.resolution_x != 0 && metadata.resolution_y != 0) {
    append_big(chunk, metadata.resolution_x, 4);
    append_big(chunk, metadata.resolution_y, 4);
    append_big(chunk, metadata.resolution_is_ratio ? 0 : 1, 1);
    finish("pHYs");
  }
}

/// `what` is the function's name. Errors: ArgumentError if there is nothing to write.
inline void check_not_empty(const Image& image, const char* what) {
  if (image.samples.size() == 0)
    throw ArgumentError(std::string(what) + ": expected an image, got one without pixels");
}

}  // namespace detail

/// The image as a PNG file, at its own depth and channels, with its colour profile, gamma and
/// resolution.
/// Errors: ArgumentError if the image is empty or has more than 2^30 bytes.
inline std::vector<std::byte> encode_png(const Image& image) {
  detail::check_not_empty(image, "encode_png");
  if (image.samples.size() * static_cast<std::size_t>(image.depth / 8) > 1_GiB)
    throw ArgumentError("encode_png: expected an image of at most 1 GiB, got " +
                        to_string(image.shape()));
  constexpr std::array colour_types{0u, 4u, 2u, 6u};  // grey, with alpha, RGB, with alpha
  std::vector<std::byte> out, header;
  detail::append_big(out, 0x89504E47, 4);
  detail::append_big(out, 0x0D0A1A0A, 4);
  detail::append_big(header, static_cast<std::uint32_t>(image.width), 4);
  detail::append_big(header, static_cast<std::uint32_t>(image.height), 4);
  detail::append_big(header, static_cast<std::uint32_t>(image.depth), 1);
  detail::append_big(header, colour_types[static_cast<std::size_t>(image.channels - 1)], 1);
  detail::append_big(header, 0, 3);  // deflate, the five filters, not interlaced
  detail::append_chunk(out, "IHDR", header);
  detail::append_metadata(out, image);
  detail::append_chunk(out, "IDAT", detail::zlib_compress(detail::png_rows(image)));
  detail::append_chunk(out, "IEND", {});
  return out;
}

/// The image as a BMP file: RGB in 24 bits, with alpha in 32. Grey becomes RGB. Of the metadata it
/// holds the resolution only, 72 dpi where that is unknown.
/// Errors: ArgumentError if the image is empty, not of 8 bits, or has more than 2^30 bytes.
inline std::vector<std::byte> encode_bmp(const Image& image) {
  detail::check_not_empty(image, "encode_bmp");
  if (image.depth != 8)
    throw ArgumentError("encode_bmp: BMP holds 8 bits a sample, the image has 16; write .png");
  const bool alpha = image.has_alpha();
  const std::size_t pixel = alpha ? 4 : 3;
  const std::size_t row = (pixel * static_cast<std::size_t>(image.width) + 3) / 4 * 4;
  const std::size_t size = row * static_cast<std::size_t>(image.height);
  if (size > 1_GiB)
    throw ArgumentError("encode_bmp: expected an image of at most 1 GiB, got " +
                        to_string(image.shape()));
  const std::uint32_t header = alpha ? 108 : 40;  // the larger one says where alpha is
  std::vector<std::byte> out;
  const auto put = [&](std::uint32_t value, int count) {
    detail::append_little(out, value, count);
  };
  put(0x4D42, 2);
  put(static_cast<std::uint32_t>(14 + header + size), 4);
  put(0, 4);
  put(14 + header, 4);
  put(header, 4);
  put(static_cast<std::uint32_t>(image.width), 4);
  put(static_cast<std::uint32_t>(image.height), 4);  // positive: rows from the bottom
  put(1, 2);
  put(static_cast<std::uint32_t>(8 * pixel), 2);
  put(alpha ? 3 : 0, 4);
  put(static_cast<std::uint32_t>(size), 4);
  const ImageMetadata& metadata = image.metadata;
  const bool known = metadata.resolution_x != 0 && !metadata.resolution_is_ratio;
  put(known ? metadata.resolution_x : 2835, 4);  // pixels a metre: 72 dpi
  put(known ? metadata.resolution_y : 2835, 4);
  put(0, 4);
  put(0, 4);
  if (alpha) {
    for (const std::uint32_t mask : {0xFF0000u, 0xFF00u, 0xFFu, 0xFF000000u}) put(mask, 4);
    put(0x73524742, 4);  // sRGB
    for (int i = 0; i < 12; ++i) put(0, 4);
  }
  for (int y = image.height - 1; y >= 0; --y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint16_t* samples = image.pixel(y, x);
      for (int c = 2; c >= 0; --c) put(samples[image.colours() == 3 ? c : 0], 1);
      if (alpha) put(samples[image.channels - 1], 1);
    }
    while ((out.size() - 14 - header) % 4 != 0) put(0, 1);
  }
  return out;
}

/// What write_image takes for this image: ".png" or ".bmp", by the path's ending. To be asked
/// before long work whose result is to be saved. Errors: ArgumentError for another ending or what
/// the format cannot hold.
inline std::string image_file_format(const std::filesystem::path& path, const Image& image) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (ending == ".jpg" || ending == ".jpeg")
    throw ArgumentError(path.string() + ": JPEG would change the known pixels; write .png or .bmp");
  if (ending != ".png" && ending != ".bmp")
    throw ArgumentError(path.string() + ": expected a name that ends in .png or .bmp, got \"" +
                        path.extension().string() + "\"");
  if (ending == ".bmp" && image.depth != 8)
    throw ArgumentError(path.string() +
                        ": BMP holds 8 bits a sample, the image has 16; write .png");
  if (image.samples.size() * static_cast<std::size_t>(image.depth / 8) > 1_GiB)
    throw ArgumentError(path.string() + ": expected an image of at most 1 GiB, got " +
                        to_string(image.shape()));
  return ending;
}

/// Saves the image as `path` says: .png (any image) or .bmp (8 bits), small or capital letters; the
/// file appears whole or not at all. Errors: those of image_file_format, FileError if the file
/// cannot be written.
inline void write_image(const std::filesystem::path& path, const Image& image) {
  const std::string format = image_file_format(path, image);
  write_file_atomically(path, {format == ".png" ? encode_png(image) : encode_bmp(image)});
}

}  // namespace tessera
