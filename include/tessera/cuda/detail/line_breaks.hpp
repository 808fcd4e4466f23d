// SPDX-License-Identifier: BSD-3-Clause
// Line breaks for C++ text that the preprocessor has put on one line, so that a compiler's messages
// name a statement and show it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

namespace detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/// Where the first `mark` from `at` on ends; the end of the text if there is none.
inline std::size_t end_of(std::string_view mark, std::string_view text, std::size_t at) {
  const std::size_t found = text.find(mark, at);
  return found == text.npos ? text.size() : found + mark.size();
}

/// Where the directive beginning at `at` ends: before a line break without a backslash.
inline std::size_t end_of_directive(std::string_view text, std::size_t at) {
  do at = std::min(text.find('\n', at + 1), text.size());
  while (at < text.size() && text[at - 1] == '\\');
  return at;
}

/// Where the literal beginning at `at` ends: behind its closing quote, or before a line break.
inline std::size_t end_of_literal(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote && text[at] != '\n')
    at += text[at] == '\\' ? 2u : 1u;
  return std::min(at < text.size() && text[at] == quote ? at + 1 : at, text.size());
}

/// Where a number (with ' between digits), a name or a raw string literal ends.
inline std::size_t end_of_word(std::string_view text, std::size_t at) {
  const bool number = is_digit(text[at]);
  while (at < text.size() && (is_word(text[at]) || (number && text[at] == '\''))) ++at;
  if (number || text[at - 1] != 'R' || !text.substr(at).starts_with('"')) return at;
  const std::size_t open = std::min(text.find('(', at), text.size());
  return end_of(")" + std::string(text.substr(at + 1, open - at - 1)) + "\"", text, open);
}

/// Where the piece that begins at `at` ends, a comment, a literal, a word or one character.
inline std::size_t end_of_piece(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return end_of("*/", text, at + 2);
  if (rest.starts_with('"') || rest.starts_with('\'')) return end_of_literal(text, at);
  return is_word(text[at]) ? end_of_word(text, at) : at + 1;
}

}  // namespace detail

/// The text with a line break after each ';', '{' and '}' outside of parentheses, literals,
/// comments and directives (lines that begin with #), in place of the blanks there. Lines of at
/// most `longer_than` characters stay as they are.
inline std::string with_line_breaks(std::string_view text, std::size_t longer_than = 0) {
  std::string out;
  std::size_t line_begin = 0, line_end = std::min(text.find('\n'), text.size());
  int depth = 0;  // of parentheses
  for (std::size_t at = 0; at < text.size();) {
    if (at > line_end) {
      line_begin = text.rfind('\n', at - 1) + 1;
      line_end = std::min(text.find('\n', at), text.size());
    }
    const bool directive = text[at] == '#' && at == text.find_first_not_of(" \t", line_begin);
    const std::size_t end =
        directive ? detail::end_of_directive(text, at) : detail::end_of_piece(text, at);
    out += text.substr(at, end - at);
    const char c = text[at];
    at = end;
    if (directive) depth = 0;  // a new text may begin here, whatever the last one left open
    else if (c == '(') ++depth;
    else if (c == ')') depth = std::max(depth - 1, 0);
    else if ((c == ';' || c == '{' || c == '}') && depth == 0 &&
             line_end - line_begin > longer_than) {
      at = std::min(text.find_first_not_of(' ', at), text.size());
      if (at < text.size() && text[at] != '\n') out += '\n';
    }
  }
  return out;
}

}  // namespace tessera::cuda
