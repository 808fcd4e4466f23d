// SPDX-License-Identifier: BSD-3-Clause
// The 16-bit numbers of weight files as float: IEEE half precision (F16) and the upper half of a
// float (BF16). Both fit into a float exactly.
#pragma once
#include <bit>
#include <cstdint>

namespace tessera {

/// 1 sign, 8 exponent and 7 fraction bits: a float without its lower 16 bits.
constexpr float float_from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// 1 sign, 5 exponent and 10 fraction bits: (-1)^s 2^(e - 15) (1 + f / 1024), for e = 0
/// (-1)^s 2^(-14) f / 1024; e = 31 is infinity (f = 0) or NaN.
constexpr float float_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits} >> 15 << 31;
  const std::uint32_t exponent = std::uint32_t{bits} >> 10 & 31, fraction = bits & 1023u;
  if (exponent == 0) {  // fraction * 2^-24 is exact
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;  // 112 = 127 - 15
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

}  // namespace tessera
