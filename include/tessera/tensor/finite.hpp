// SPDX-License-Identifier: BSD-3-Clause
// Whether a number is finite, by its bits: with -ffast-math compilers take std::isfinite(x) for
// true and x != x for false, and a training run would go on with NaN.
#pragma once
#include <bit>
#include <cstdint>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

constexpr bool is_finite(float x) {
  return (std::bit_cast<std::uint32_t>(x) & 0x7F800000u) != 0x7F800000u;
}
constexpr bool is_finite(double x) {
  return (std::bit_cast<std::uint64_t>(x) & 0x7FF0000000000000u) != 0x7FF0000000000000u;
}
constexpr bool is_nan(float x) {
  return (std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFu) > 0x7F800000u;
}
constexpr bool is_nan(double x) {
  return (std::bit_cast<std::uint64_t>(x) & 0x7FFFFFFFFFFFFFFFu) > 0x7FF0000000000000u;
}

}  // namespace tessera::inline TESSERA_ABI
