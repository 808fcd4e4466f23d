// SPDX-License-Identifier: BSD-3-Clause
// Finds names in a functor's text that a GPU's compiler would not know, when the program is
// compiled: constants outside the text that no TESSERA_CONSTANTS lists, std:: and the like.
#pragma once
#include <cstddef>
#include <string_view>

#include <tessera/tensor/text_names.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::detail {

/// Words of C++, and what tessera::pointwise::Functions has.
inline constexpr std::string_view words_of_texts[] = {
    "auto",     "bool",     "break",    "case",    "char",     "class",   "const",   "constexpr",
    "continue", "decltype", "default",  "do",      "double",   "else",    "explicit", "false",
    "float",    "for",      "if",       "inline",  "int",      "long",    "mutable", "noexcept",
    "operator", "private",  "public",   "return",  "requires", "short",   "signed",  "sizeof",
    "static",   "static_assert", "static_cast", "struct", "switch", "template", "this", "true",
    "typename", "unsigned", "using",    "void",    "while",    "nullptr", "friend",  "union",
    "constant", "exp",      "expm1",    "log",     "log1p",    "sqrt",    "tanh",    "erf",
    "abs",      "sigmoid",  "select",   "is_nan",  "max",      "min",     "pow"};

constexpr bool is_word_of_texts(std::string_view word) {
  for (const std::string_view known : words_of_texts)
    if (known == word) return true;
  return false;
}

/// The first name in `text` that neither the text, nor `numbers` and `constants` (lists of names),
/// nor words_of_texts declare; empty if there is none. It reads tokens, not C++: a name counts as
/// declared where it follows a type, so some unknown names are left to the GPU's compiler.
constexpr std::string_view unknown_name(std::string_view text, std::string_view numbers,
                                        std::string_view constants) {
  using pointwise::detail::Tokens;
  constexpr int most = 128;
  std::string_view declared[most];
  int count = 0;
  const auto declare = [&](std::string_view name) {
    if (count < most) declared[count++] = name;
  };
  pointwise::detail::for_each_number(numbers, declare);
  pointwise::detail::for_each_number(constants, declare);
  std::string_view types[16];
  int type_count = 0;
  const auto is_type = [&](std::string_view t) {
    for (int i = 0; i < type_count; ++i)
      if (types[i] == t) return true;
    return t == "T" || t == "auto" || t == "const" || t == "double" || t == "float" || t == "int" ||
           t == ">" || t == "long" || t == "bool";
  };
  const auto asks_for_value = [](std::string_view t) {
    return t == "return" || t == "else" || t == "case" || t == "do" || t == "sizeof";
  };
  // Twice over the tokens: what is declared, then what is not.
  for (const bool looking : {false, true}) {
    std::string_view last, before, third;
    int parens = 0, brackets = 0, angles = 0;
    bool closed = false;  // the last token ended a list of template arguments
    for (Tokens t(text); !t.done(); t.next()) {
      const bool was_closed = closed;
      closed = false;
      if (t.is('(')) ++parens;
      if (t.is(')')) --parens;
      if (t.is('[')) ++brackets;
      if (t.is(']')) --brackets;
      if (t.is('(') || t.is(')') || t.is(';') || t.is('{') || t.is('}')) angles = 0;
      if (t.is('<')) ++angles;
      if (t.is('>') && angles > 0) {
        --angles;
        closed = true;
      }
      if (*t == "enum") return {};
      if (t.word() && !is_word_of_texts(*t)) {
        const bool after_word = !last.empty() && pointwise::detail::is_word(last.front()) &&
                                !pointwise::detail::is_digit(last.front()) &&
                                !asks_for_value(last);
        const bool reference = (last == "&" || last == "*") &&
                               (is_type(before) || (before == last && is_type(third)));
        const bool in_list = last == "," && parens == 0 && angles == 0;
        if (!looking) {
          if (after_word || was_closed || reference || in_list || brackets > 0 ||
              (last == "." && before == "."))
            declare(*t);
          if ((last == "class" || last == "typename" || last == "struct" || last == "using") &&
              type_count < 16)
            types[type_count++] = *t;
        } else if (last != "." && last != ":" && !(last == ">" && before == "-")) {
          bool known = count == most;
          for (int i = 0; i < count && !known; ++i) known = declared[i] == *t;
          if (!known) return *t;
        }
      }
      third = before;
      before = last;
      last = *t;
    }
  }
  return {};
}

/// A name as a template argument, so that compilers print it.
template <std::size_t N>
struct Name {
  char text[N];
};

/// The first name in F's text that a GPU would not know; "" if there is none.
template <class F>
constexpr auto unknown_name_of() {
  constexpr std::string_view name = [] {
    std::string_view numbers, constants;
    if constexpr (requires { F::numbers; }) numbers = F::numbers;
    if constexpr (requires { F::constant_names; }) constants = F::constant_names;
    return unknown_name(F::text, numbers, constants);
  }();
  Name<name.size() + 1> out{};
  for (std::size_t i = 0; i < name.size(); ++i) out.text[i] = name[i];
  return out;
}

template <Name Unknown>
constexpr bool gpu_knows = sizeof(Unknown.text) == 1;

}  // namespace tessera::cuda::detail
