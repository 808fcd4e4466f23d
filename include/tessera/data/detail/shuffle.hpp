// SPDX-License-Identifier: BSD-3-Clause
// A random order, the same for the same random stream on every machine.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <tessera/tensor/random.hpp>

namespace tessera {

/// Puts at most 2^31 - 1 numbers into an order drawn from `random` (Fisher-Yates): each order is
/// equally likely.
inline void shuffle(std::span<std::uint32_t> numbers, RandomStream& random) {
  for (std::size_t i = numbers.size(); i-- > 1;)
    std::swap(numbers[i],
              numbers[static_cast<std::size_t>(random.integer(0, static_cast<int>(i) + 1))]);
}

}  // namespace tessera
