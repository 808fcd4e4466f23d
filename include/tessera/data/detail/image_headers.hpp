// SPDX-License-Identifier: BSD-3-Clause
// What image files say about themselves, checked before a decoder sees a byte: that the file is
// whole, of a kind that we read, and how large the image is. stb_image accepts files that end
// early, ignores checksums, and 2.27 writes past its Huffman tables; none of it gets past here.
#pragma once
#include <cstddef>
#include <span>
#include <string>

#include <tessera/data/detail/bmp.hpp>
#include <tessera/data/detail/image_format.hpp>
#include <tessera/data/detail/jpeg_header.hpp>
#include <tessera/data/detail/png_header.hpp>

namespace tessera::detail {

/// What the file promises. Errors: FileError if it is not a whole JPEG, PNG or BMP.
inline ImageHeader read_image_header(std::span<const std::byte> bytes, const std::string& name) {
  switch (image_format(bytes)) {
    case ImageFormat::jpeg:
      return JpegHeaderReader(bytes, name).read();
    case ImageFormat::png:
      return read_png_header(bytes, name);
    case ImageFormat::bmp: {
      const BmpLayout bmp = read_bmp_layout(bytes, name);
      ImageHeader header{ImageFormat::bmp, bmp.height, bmp.width};
      header.metadata.set_resolution(bmp.resolution_x, bmp.resolution_y);
      return header;
    }
    case ImageFormat::unknown:
      break;
  }
  throw image_error(
      name, std::string("expected a JPEG, PNG or BMP image, got ") + other_format_name(bytes));
}

}  // namespace tessera::detail
