// SPDX-License-Identifier: BSD-3-Clause
// Sentences put together from texts and whole numbers. A chain of operator+ on strings costs the
// compiler many times as much, and most of what the library says is an error's sentence.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

/// A text or a whole number. It does not own the text. Texts come by three types: a template would
/// be compiled for every length of a literal. Not inlined: a sentence is many parts, and seldom
/// said.
struct TextPart {
  std::string_view text;
  std::int64_t number = 0;
  bool is_number = false;

  [[gnu::noinline]] constexpr TextPart(std::string_view s) : text(s) {}
  [[gnu::noinline]] constexpr TextPart(const char* s) : text(s) {}
  [[gnu::noinline]] TextPart(const std::string& s) : text(s) {}
  template <class N>
  requires std::is_integral_v<N>
  [[gnu::noinline]] constexpr TextPart(N n)
      : number(static_cast<std::int64_t>(n)), is_number(true) {}
};

/// The parts one behind the other: text({"got ", 3, " bytes"}).
[[gnu::noinline]] inline std::string text(std::initializer_list<TextPart> parts) {
  std::string all;
  for (const TextPart& part : parts) {
    if (!part.is_number) {
      all.append(part.text);
      continue;
    }
    char digits[24];
    char* first = digits + sizeof digits;
    std::uint64_t rest = static_cast<std::uint64_t>(part.number);
    if (part.number < 0) rest = 0 - rest;
    do *--first = static_cast<char>('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (part.number < 0) *--first = '-';
    all.append(first, static_cast<std::size_t>(digits + sizeof digits - first));
  }
  return all;
}

}  // namespace tessera
