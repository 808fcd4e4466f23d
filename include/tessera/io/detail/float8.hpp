// SPDX-License-Identifier: BSD-3-Clause
// The 8-bit floating-point numbers of weight files as float; all fit into one exactly. A sign, then
// an exponent e and a fraction of m bits f: 2^(e - bias) (1 + f / 2^m), for e = 0
// 2^(1 - bias) f / 2^m. Formats: [micikevicius2022], with zero unsigned (FNUZ) [noune2022].
#pragma once
#include <cstdint>
#include <limits>

#include <tessera/io/detail/half.hpp>

namespace tessera {

namespace detail {

/// The formula above; what is no number, the callers know.
constexpr float float_from_8_bits(std::uint8_t bits, int fraction_bits, int bias) {
  const int exponent = (bits & 0x7F) >> fraction_bits;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  float value = static_cast<float>(exponent ? fraction + (1 << fraction_bits) : fraction);
  for (int e = (exponent ? exponent : 1) - bias - fraction_bits; e != 0; e += e < 0 ? 1 : -1)
    value *= e < 0 ? 0.5f : 2.0f;
  return bits & 0x80 ? -value : value;
}

}  // namespace detail

/// F8_E4M3: bias 7, no infinity, NaN where all but the sign is 1.
constexpr float float_from_f8_e4m3(std::uint8_t bits) {
  return (bits & 0x7F) == 0x7F ? std::numeric_limits<float>::quiet_NaN()
                               : detail::float_from_8_bits(bits, 3, 7);
}
/// F8_E5M2: the upper half of an F16.
constexpr float float_from_f8_e5m2(std::uint8_t bits) {
  return float_from_f16(static_cast<std::uint16_t>(bits << 8));
}
/// F8_E4M3FNUZ: bias 8, no infinity, no negative zero, whose bits are the NaN.
constexpr float float_from_f8_e4m3fnuz(std::uint8_t bits) {
  return bits == 0x80 ? std::numeric_limits<float>::quiet_NaN()
                      : detail::float_from_8_bits(bits, 3, 8);
}
/// F8_E5M2FNUZ: the same with bias 16.
constexpr float float_from_f8_e5m2fnuz(std::uint8_t bits) {
  return bits == 0x80 ? std::numeric_limits<float>::quiet_NaN()
                      : detail::float_from_8_bits(bits, 2, 16);
}

}  // namespace tessera
