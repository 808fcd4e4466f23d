// SPDX-License-Identifier: BSD-3-Clause
#include <tessera/data/image.hpp>

tessera::Image decode_in_other_unit(std::span<const std::byte> file);
tessera::Image decode_in_other_unit(std::span<const std::byte> file) {
  return tessera::decode_image(file, "image");
}
