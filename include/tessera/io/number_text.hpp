// SPDX-License-Identifier: BSD-3-Clause
// Numbers as texts that read back as the same number: in tables, checkpoints and reports.
#pragma once
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <tessera/tensor/finite.hpp>

namespace tessera::detail {

/// The shortest text that reads back as the same number; whole numbers without exponent or point.
/// "nan", "inf" and "-inf" where there are no digits.
inline std::string number_text(double value) {
  std::array<char, 32> text;
  const bool whole = is_finite(value) && std::abs(value) < 0x1p53 && value == std::floor(value);
  const auto end =
      whole && !(value == 0 && std::signbit(value))
          ? std::to_chars(text.data(), text.data() + text.size(), static_cast<long long>(value)).ptr
          : std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// With that many digits behind the point, or in all for std::chars_format::general: what printf
/// writes for %.Nf, %.Ne and %.Ng. Not printf: that follows the program's locale, and a toolkit
/// that sets one may make the point a comma.
inline std::string number_text(double value, int digits,
                               std::chars_format format = std::chars_format::fixed) {
  std::array<char, 512> text;  // 309 digits before the point of the largest number
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format, digits);
  return {text.data(), end.ptr};
}

/// "learning_rate 0.01, momentum 0.9".
inline std::string settings(std::initializer_list<std::pair<std::string_view, double>> named) {
  std::string out;
  for (const auto& [name, value] : named)
    ((out += out.empty() ? "" : ", ") += name) += " " + number_text(value);
  return out;
}

}  // namespace tessera::detail
