// SPDX-License-Identifier: BSD-3-Clause
// A plane of holes that knows its size.
#pragma once
#include <cstdint>

#include <tessera/tensor/buffer.hpp>

namespace tessera {

/// Which pixels of an image are missing; read_hole makes one from a file.
struct HoleMask {
  int height = 0, width = 0;
  Buffer<std::uint8_t> hole;  // [H, W], 1 = hole
};

}  // namespace tessera
