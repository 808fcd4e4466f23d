// SPDX-License-Identifier: BSD-3-Clause
// JPEG files for tests; the library writes none. stb_image_write and a second stb_image beside the
// library's private one also show that the two do not meet.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb/stb_image_write.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <tessera/data/image_data.hpp>

namespace tessera::testing {

/// A baseline JPEG of an 8-bit image; with a quality above 90 its colours are not subsampled.
inline std::vector<std::byte> make_jpeg(const Image& image, int quality = 100) {
  std::vector<std::uint8_t> samples(image.samples.begin(), image.samples.end());
  std::vector<std::byte> out;
  const auto append = [](void* to, void* data, int size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    auto& file = *static_cast<std::vector<std::byte>*>(to);
    file.insert(file.end(), bytes, bytes + size);
  };
  stbi_write_jpg_to_func(append, &out, image.width, image.height, image.channels, samples.data(),
                         quality);
  return out;
}

}  // namespace tessera::testing
