// SPDX-License-Identifier: BSD-3-Clause
// A plane of holes that knows its size.
#pragma once
#include <cstdint>
#include <string>

#include <tessera/data/image_data.hpp>
#include <tessera/tensor/buffer.hpp>

namespace tessera {

/// Which pixels of an image are missing; read_hole makes one from a file.
struct HoleMask {
  int height = 0, width = 0;
  Buffer<std::uint8_t> hole;  // [H, W], 1 = hole
  std::string warning{};  // a sentence if the image it was read from is no plain white on black,
                          // or the hole is empty or all: what was found, which option helps
};

/// What to add to a complaint that the mask has another size than the image: that it has the size
/// of the file before its EXIF orientation turned the picture. Empty where that is not so.
inline std::string turned_text(const Image& image, const HoleMask& mask) {
  const ImageMetadata& metadata = image.metadata;
  if (!metadata.sides_swapped() || mask.height != image.width || mask.width != image.height)
    return "";
  return "; that is the size of the file before its EXIF orientation " +
         std::to_string(metadata.orientation) + " turned the picture: turn the mask likewise";
}

}  // namespace tessera
