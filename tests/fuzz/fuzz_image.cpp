// SPDX-License-Identifier: BSD-3-Clause
// Image files: JPEG, PNG, BMP. PNG's checksums are put right first, or hardly any changed file
// would get past them to the decoder.
#include "../data/make_jpeg.hpp"
#include "target.hpp"

#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>

using tessera::Image;

namespace {

void correct_checksums(std::span<std::byte> png) {
  const tessera::detail::ByteReader number(png, true);
  for (std::size_t at = 8; number.holds(at, 12);) {
    const std::size_t length = number.at(at, 4);
    if (!number.holds(at + 12, length)) return;
    const std::uint32_t checksum = tessera::detail::crc32(png.subspan(at + 4, 4 + length));
    for (std::size_t i = 0; i < 4; ++i)
      png[at + 8 + length + i] = static_cast<std::byte>(checksum >> (24 - 8 * i) & 255);
    at += 12 + length;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = tessera::fuzz::as_input(data, size);
  std::vector<std::byte> file(input.begin(), input.end());
  if (tessera::detail::image_format(file) == tessera::detail::ImageFormat::png)
    correct_checksums(file);
  tessera::fuzz::expect_result_or_error([&] {
    tessera::ImageLimits limits;
    limits.max_pixels = 1 << 14;
    const Image image = tessera::decode_image(file, "input", limits);
    if (image.samples.size() != static_cast<std::size_t>(image.shape().size())) __builtin_trap();
    for (const std::uint16_t sample : image.samples)
      if (sample > image.largest()) __builtin_trap();
  });
  return 0;
}

std::vector<std::string> seeds() {
  std::vector<std::string> files;
  const auto add = [&](const std::vector<std::byte>& file) {
    files.emplace_back(reinterpret_cast<const char*>(file.data()), file.size());
  };
  for (const int depth : {8, 16})
    for (int channels = 1; channels <= 4; ++channels) {
      Image image(9, 11, channels, depth);
      for (std::size_t i = 0; i < image.samples.size(); ++i)
        image.samples[i] = static_cast<std::uint16_t>(i * i * 7 % 251);
      add(tessera::encode_png(image));
      if (depth != 8) continue;
      add(tessera::encode_bmp(image));
      add(tessera::testing::make_jpeg(image, 60));
      if (channels == 3) add(tessera::testing::make_jpeg(image, 95));
    }
  return files;
}
