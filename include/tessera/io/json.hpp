// SPDX-License-Identifier: BSD-3-Clause
// One JSON object on one line, written only: the last line that a program prints.
// Numbers are the shortest text that reads back as the same value; NaN and infinity become null.
#pragma once
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/finite.hpp>

namespace tessera {
namespace detail {

/// Length of the UTF-8 sequence at the start of `text`, or 0 where it is not valid UTF-8.
constexpr std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  const unsigned second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

}  // namespace detail

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 (a path may hold any) become
/// U+FFFD, so the result is always valid JSON.
inline std::string json_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = detail::utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length > 1) {
      out += text.substr(0, length);
    } else if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += "\\u00";
      (out += digits[static_cast<std::size_t>(c) >> 4]) += digits[static_cast<std::size_t>(c) & 15];
    } else {
      out += c;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out += '"';
}

/// A number as JSON: the shortest text that reads back as the same value of its own type, so 0.1f
/// is 0.1; null for NaN and infinity.
template <class T>
  requires std::integral<T> || std::floating_point<T>
std::string json_number(T value) {
  if constexpr (std::floating_point<T>) {
    if (!is_finite(value)) return "null";
  }
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

/// Named values in the order they were added.
/// Errors: ArgumentError if a name is added twice.
class JsonLine {
 public:
  template <class T>
    requires std::integral<T> || std::floating_point<T>
  JsonLine& add(std::string_view name, T value) {
    if constexpr (std::same_as<T, bool>)
      return add_raw(name, value ? "true" : "false");
    else
      return add_raw(name, json_number(value));
  }
  JsonLine& add(std::string_view name, std::string_view value) {
    return add_raw(name, json_string(value));
  }
  JsonLine& add(std::string_view name, const char* value) {  // or a literal would become a bool
    return add(name, std::string_view(value));
  }

  /// The object on one line, without a line end: {"test_mse": 0.0023, "seconds": 12}.
  std::string str() const {
    std::string out = "{";
    for (const auto& [name, value] : members_) {
      if (out.size() > 1) out += ", ";
      ((out += json_string(name)) += ": ") += value;
    }
    return out += '}';
  }

 private:
  JsonLine& add_raw(std::string_view name, std::string value) {
    for (const auto& member : members_)
      if (member.first == name)
        throw ArgumentError("JsonLine: the name " + json_string(name) + " is used twice");
    members_.emplace_back(name, std::move(value));
    return *this;
  }

  std::vector<std::pair<std::string, std::string>> members_;
};

}  // namespace tessera
