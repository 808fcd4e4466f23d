// SPDX-License-Identifier: BSD-3-Clause
// All 256 values of the four 8-bit formats, against the formula, and those known by heart.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>

#include <tessera/io/detail/float8.hpp>

using namespace tessera;

namespace {

double by_formula(int bits, int fraction_bits, int bias) {
  const int e = (bits & 127) >> fraction_bits, f = bits % (1 << fraction_bits);
  const double part = f / std::exp2(fraction_bits);
  const double value = e ? std::exp2(e - bias) * (1 + part) : std::exp2(1 - bias) * part;
  return bits >= 128 ? -value : value;
}
bool same(float got, double expected) {
  return got == static_cast<float>(expected) && std::signbit(got) == std::signbit(expected);
}

}  // namespace

TEST_CASE("all 256 values of the formats of 8 bits") {
  for (int i = 0; i < 256; ++i) {
    CAPTURE(i);
    const auto bits = static_cast<std::uint8_t>(i);
    const bool all_ones = (i & 127) == 127;
    if (all_ones) CHECK(std::isnan(float_from_f8_e4m3(bits)));
    else CHECK(same(float_from_f8_e4m3(bits), by_formula(i, 3, 7)));

    if ((i & 127) == 0x7C) CHECK(std::isinf(float_from_f8_e5m2(bits)));
    else if ((i & 127) > 0x7C) CHECK(std::isnan(float_from_f8_e5m2(bits)));
    else CHECK(same(float_from_f8_e5m2(bits), by_formula(i, 2, 15)));

    if (i == 128) {
      CHECK(std::isnan(float_from_f8_e4m3fnuz(bits)));
      CHECK(std::isnan(float_from_f8_e5m2fnuz(bits)));
    } else {
      CHECK(same(float_from_f8_e4m3fnuz(bits), by_formula(i, 3, 8)));
      CHECK(same(float_from_f8_e5m2fnuz(bits), by_formula(i, 2, 16)));
    }
  }
}

TEST_CASE("values known by heart") {
  static_assert(float_from_f8_e4m3(0x38) == 1 && float_from_f8_e4m3(0x7E) == 448);
  static_assert(float_from_f8_e4m3(0x01) == 0x1p-9f && float_from_f8_e4m3(0xB8) == -1);
  static_assert(float_from_f8_e5m2(0x3C) == 1 && float_from_f8_e5m2(0x7B) == 57344);
  static_assert(float_from_f8_e5m2(0x01) == 0x1p-16f);
  static_assert(float_from_f8_e4m3fnuz(0x40) == 1 && float_from_f8_e4m3fnuz(0x7F) == 240);
  static_assert(float_from_f8_e5m2fnuz(0x40) == 1 && float_from_f8_e5m2fnuz(0x7F) == 57344);
}
