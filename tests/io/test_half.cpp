// SPDX-License-Identifier: BSD-3-Clause
// Every one of the 65536 values of F16 and BF16 against its formula.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <tessera/io/detail/half.hpp>

using tessera::float_from_bf16;
using tessera::float_from_f16;

namespace {

/// (-1)^s 2^(e - bias) (1 + f / 2^F), by arithmetic in double. NaN keeps no payload.
double by_formula(unsigned bits, int exponent_bits, int fraction_bits) {
  const double sign = bits >> 15 ? -1 : 1;
  const int largest = (1 << exponent_bits) - 1, bias = largest / 2;
  const int exponent = static_cast<int>(bits >> fraction_bits) & largest;
  const double fraction =
      std::ldexp(static_cast<double>(bits & ((1u << fraction_bits) - 1)), -fraction_bits);
  if (exponent == largest)
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                         : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias);
  return sign * std::ldexp(1 + fraction, exponent - bias);
}
bool same(float got, double expected) {
  if (std::isnan(expected)) return std::isnan(got);
  return static_cast<double>(got) == expected && std::signbit(got) == std::signbit(expected);
}

}  // namespace

TEST_CASE("all 65536 values of F16 and BF16") {
  int wrong = 0;
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const auto stored = static_cast<std::uint16_t>(bits);
    wrong += !same(float_from_f16(stored), by_formula(bits, 5, 10));
    wrong += !same(float_from_bf16(stored), by_formula(bits, 8, 7));
  }
  CHECK(wrong == 0);
}

TEST_CASE("values known by heart") {
  static_assert(float_from_f16(0x3C00) == 1.0f);
  static_assert(float_from_f16(0xC500) == -5.0f);
  static_assert(float_from_f16(0x7BFF) == 65504.0f);
  static_assert(float_from_f16(0x0001) == 0x1p-24f);
  static_assert(float_from_bf16(0x3F80) == 1.0f);
  static_assert(float_from_bf16(0xC0A0) == -5.0f);
  CHECK(std::isinf(float_from_f16(0x7C00)));
  CHECK(std::signbit(float_from_f16(0x8000)));
  CHECK(std::isnan(float_from_f16(0x7E00)));
}
