// SPDX-License-Identifier: BSD-3-Clause
// Pointwise operations: y = f(x), dx = dy * f'(x, y), from one text for every device.
//
//   TESSERA_POINTWISE(Swish,
//     template <class T> T forward(T x) const { return x * sigmoid(x); }
//     template <class T> T derivative(T x, T y) const {
//       T s = sigmoid(x); return s + y * (T(1) - s);
//     })
//
// T is float or double (checks, GPU) or a SIMD vector of them (CPU); the text may call exp,
// expm1, log, sqrt, tanh, erf, sigmoid, abs, max, min, is_nan, select(condition, a, b) and
// constant<T>(real).
#pragma once
#include <string_view>
#include <type_traits>

#include <tessera/tensor/pointwise_functions.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

/// Members of a hand-written functor (a template, say) derived from tessera::pointwise::Functions:
/// the text as C++ and as a string for the GPU's run-time compiler.
#define TESSERA_POINTWISE_BODY(...) \
  __VA_ARGS__                       \
  static constexpr const char* text = #__VA_ARGS__;

/// Defines the functor `Name`. An argument that derivative() does not read may stay unnamed.
#define TESSERA_POINTWISE(Name, ...)                  \
  struct Name : ::tessera::pointwise::Functions {     \
    static constexpr ::std::string_view name = #Name; \
    TESSERA_POINTWISE_BODY(__VA_ARGS__)               \
  };

namespace tessera::inline TESSERA_ABI::pointwise {

namespace detail {
constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Whether `word` occurs in `text` as a whole word.
constexpr bool contains_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end])))
      return true;
  }
  return false;
}

/// Name of a parameter, empty if unnamed: "T x" -> "x", "T" -> "".
constexpr std::string_view parameter_name(std::string_view parameter) {
  auto end = parameter.size();
  while (end > 0 && !is_word(parameter[end - 1])) --end;
  auto begin = end;
  while (begin > 0 && is_word(parameter[begin - 1])) --begin;
  const bool has_type = contains_word(parameter.substr(0, begin), "T");
  return has_type ? parameter.substr(begin, end - begin) : std::string_view{};
}

/// Whether derivative(first, second) reads its first (index 0) or second argument, found in the
/// functor's own text; a form this does not understand counts as "reads it".
constexpr bool derivative_reads(std::string_view text, int index) {
  const auto name = text.find("derivative");
  if (name == text.npos) return true;
  const auto open = text.find('(', name), comma = text.find(',', open);
  const auto close = text.find(')', open), body = text.find('{', close);
  if (open == text.npos || comma == text.npos || close == text.npos || body == text.npos ||
      comma > close)
    return true;
  auto end = body + 1;
  for (int depth = 1; end < text.size() && depth > 0; ++end)
    depth += text[end] == '{' ? 1 : text[end] == '}' ? -1 : 0;
  const auto parameter = index == 0 ? text.substr(open + 1, comma - open - 1)
                                    : text.substr(comma + 1, close - comma - 1);
  const auto argument = parameter_name(parameter);
  return !argument.empty() && contains_word(text.substr(body, end - body), argument);
}
}  // namespace detail

/// Whether a functor's text chooses with select alone. Its arguments are vectors of many elements,
/// for which `?:` and `if` would take one way for all of them, on AVX-512 without a word.
template <class F>
constexpr bool chooses_by_select() {
  if constexpr (requires { F::text; })
    return std::string_view(F::text).find('?') == std::string_view::npos &&
           !detail::contains_word(F::text, "if");
  else return true;
}

/// Whether the derivative of F reads x or y. A functor may say so itself (static constexpr bool
/// needs_x, needs_y); else its text tells; a functor without text counts as reading both.
template <class F>
constexpr bool needs_x() {
  if constexpr (requires { F::needs_x; }) return F::needs_x;
  else if constexpr (requires { F::text; }) return detail::derivative_reads(F::text, 0);
  else return true;
}
template <class F>
constexpr bool needs_y() {
  if constexpr (requires { F::needs_y; }) return F::needs_y;
  else if constexpr (requires { F::text; }) return detail::derivative_reads(F::text, 1);
  else return true;
}

}  // namespace tessera::pointwise

namespace tessera::inline TESSERA_ABI::kernels {

/// y = f(x). x, y [N, H, W, C], any pixel stride; y may be x.
template <class F, class T>
void pointwise_forward(const Context<Cpu>&, const F& f, std::type_identity_t<View<const T>> x,
                       View<T> y);
template <class F, class T>
void pointwise_forward(const Context<Cuda>&, const F& f, std::type_identity_t<View<const T>> x,
                       View<T> y);

/// dx = dy * f'(x, y). dx may be dy. x may be empty where needs_x<F>() is false, y where
/// needs_y<F>() is; an empty dx is not wanted.
template <class F, class T>
void pointwise_backward(const Context<Cpu>&, const F& f, std::type_identity_t<View<const T>> x,
                        std::type_identity_t<View<const T>> y,
                        std::type_identity_t<View<const T>> dy, View<T> dx);
template <class F, class T>
void pointwise_backward(const Context<Cuda>&, const F& f, std::type_identity_t<View<const T>> x,
                        std::type_identity_t<View<const T>> y,
                        std::type_identity_t<View<const T>> dy, View<T> dx);

}  // namespace tessera::kernels
