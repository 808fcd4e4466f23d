// SPDX-License-Identifier: BSD-3-Clause
// A string as a template argument: Named<"enc1", ...>, Tap<"style">.
#pragma once
#include <cstddef>
#include <string_view>

namespace tessera {

template <std::size_t N>
struct FixedString {
  char text[N]{};

  constexpr FixedString(const char (&s)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = s[i];
  }
  constexpr operator std::string_view() const { return {text, N - 1}; }
};

}  // namespace tessera
