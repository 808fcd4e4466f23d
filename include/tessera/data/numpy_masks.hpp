// SPDX-License-Identifier: BSD-3-Clause
// The masks that the PyTorch reference draws with NumPy, so that both measure on the same holes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <tessera/data/masks.hpp>
#include <tessera/data/numpy_random.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// `count` masks of size x size pixels, drawn by LineMasks one after the other from
/// numpy.random.default_rng(seed): those of the reference's line_masks, where 1 is a known pixel.
/// Its test masks are numpy_line_masks(12345, 1000). Errors: ArgumentError if size is below 2.
inline FixedMasks numpy_line_masks(std::uint64_t seed, std::size_t count, int size = 32) {
  if (size < 2)
    throw ArgumentError("numpy_line_masks: expected a size of at least 2 pixels, got " +
                        std::to_string(size));
  const std::size_t pixels = static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
  Buffer<std::uint8_t> holes(count * pixels);
  NumpyRandom random(seed);
  for (std::size_t i = 0; i < count; ++i)
    LineMasks{}.draw(random, {holes.data() + i * pixels, 1, size, size});
  return {size, size, std::move(holes)};
}

}  // namespace tessera
