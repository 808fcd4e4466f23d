// SPDX-License-Identifier: BSD-3-Clause
// The names in a text that runs on every device: of its numbers, and of what it reads. The CPU
// compiles a text inside its class and finds everything; a GPU's compiler gets the text and the
// numbers that are listed, so a name beyond those is refused when the program is compiled.
#pragma once
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include <tessera/abi.hpp>

/// Members of a text's class, all doubles: `(delta = 1, scale = 2)` declares two of them.
#define TESSERA_NUMBERS(...) __VA_OPT__(double __VA_ARGS__;)

/// Hands constants of a class to its text on a GPU: TESSERA_CONSTANTS(lowest, highest) beside
/// `static constexpr double lowest = ..., highest = ...;`. Numbers or bool. Constants that are
/// written inside the text need no list.
#define TESSERA_CONSTANTS(...)                                                            \
  static ::std::string constants() {                                                      \
    return ::tessera::pointwise::detail::constants_text("(" #__VA_ARGS__ ")", __VA_ARGS__); \
  }                                                                                       \
  static constexpr const char* constant_names = "(" #__VA_ARGS__ ")";

namespace tessera::inline TESSERA_ABI::pointwise::detail {

constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
constexpr bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The tokens of C++ text one after the other: a word, a number, or one character.
class Tokens {
 public:
  constexpr explicit Tokens(std::string_view text) : text_(text) { next(); }
  constexpr std::string_view operator*() const { return text_.substr(begin_, end_ - begin_); }
  constexpr bool done() const { return begin_ == text_.size(); }
  constexpr bool word() const { return !done() && is_word(text_[begin_]) && !is_digit(text_[begin_]); }
  constexpr bool is(char c) const { return end_ == begin_ + 1 && text_[begin_] == c; }
  /// Where the token begins.
  constexpr std::size_t place() const { return begin_; }
  constexpr void next() {
    begin_ = end_;
    while (begin_ < text_.size() && is_space(text_[begin_])) ++begin_;
    end_ = begin_;
    if (done()) return;
    const bool number = is_digit(text_[begin_]);
    ++end_;
    if (!is_word(text_[begin_])) return;
    while (end_ < text_.size() &&
           (is_word(text_[end_]) || (number && (text_[end_] == '.' || signs_exponent()))))
      ++end_;
  }

 private:
  /// Whether the sign at the end belongs to an exponent: 1e-5, 0x1p-3.
  constexpr bool signs_exponent() const {
    if (text_[end_] != '-' && text_[end_] != '+') return false;
    const char before = text_[end_ - 1];
    const bool hex = end_ - begin_ > 2 && (text_[begin_ + 1] == 'x' || text_[begin_ + 1] == 'X');
    return hex ? before == 'p' || before == 'P' : before == 'e' || before == 'E';
  }
  std::string_view text_;
  std::size_t begin_ = 0, end_ = 0;
};

/// Whether `word` occurs in `text` as a whole word.
constexpr bool contains_word(std::string_view text, std::string_view word) {
  for (Tokens t(text); !t.done(); t.next())
    if (*t == word) return true;
  return false;
}

/// Calls visit(name) for what lists of numbers declare: "(a = 1, b = f(1, 2))(t)" has a, b, t.
template <class Visit>
constexpr void for_each_number(std::string_view lists, const Visit& visit) {
  int depth = 0;
  bool first = false;  // the token is the first of its item
  for (Tokens t(lists); !t.done(); t.next()) {
    if (first && t.word()) visit(*t);
    first = (depth == 0 && t.is('(')) || (depth == 1 && t.is(','));
    if (t.is('(') || t.is('{')) ++depth;
    if (t.is(')') || t.is('}')) --depth;
  }
}
constexpr int count_numbers(std::string_view lists) {
  int count = 0;
  for_each_number(lists, [&](std::string_view) { ++count; });
  return count;
}

/// "double a; double b; " of such lists.
inline std::string numbers_text(std::string_view lists) {
  std::string out;
  for_each_number(lists, [&](std::string_view name) {
    ((out += "double ") += name) += "; ";
  });
  return out;
}

/// "a 1, b 0.5" of doubles that lie one behind the other, named by a list "(a = 1, b = 2)".
inline std::string settings_text(std::string_view names, const void* numbers,
                                 std::string (*number_text)(double)) {
  std::string out;
  const auto* bytes = static_cast<const char*>(numbers);
  for_each_number(names, [&](std::string_view name) {
    double value;
    std::memcpy(&value, bytes, sizeof value);
    bytes += sizeof value;
    ((out += out.empty() ? "" : ", ") += name) += " " + number_text(value);
  });
  return out;
}

/// A literal of exactly that number in hexadecimal, "-0x1.8p+1". Not printf's: that would have a
/// comma in it where the program's locale has one.
[[gnu::noinline]] inline std::string exact_text(double value) {
  char digits[40];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, std::abs(value), std::chars_format::hex);
  return (std::signbit(value) ? "-0x" : "0x") + std::string(digits, end.ptr);
}

/// "static constexpr double a = 0x1p+0; " for each name and its value.
template <class... V>
std::string constants_text(std::string_view names, const V&... values) {
  static_assert((std::is_arithmetic_v<V> && ...),
                "tessera: TESSERA_CONSTANTS lists constants that are not numbers");
  const double numbers[] = {static_cast<double>(values)...};
  const char* const types[] = {(std::is_same_v<V, bool>    ? "bool "
                                : std::is_same_v<V, float> ? "float "
                                : std::is_integral_v<V>    ? "long "
                                                           : "double ")...};
  std::string out;
  int i = 0;
  for_each_number(names, [&](std::string_view name) {
    ((out += "static constexpr ") += types[i]) += name;
    out += " = static_cast<";
    ((out += types[i]) += ">(") += exact_text(numbers[i]);
    out += "); ";
    ++i;
  });
  return out;
}

}  // namespace tessera::pointwise::detail
