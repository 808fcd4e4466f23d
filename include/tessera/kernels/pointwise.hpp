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
// expm1, log, log1p, sqrt, tanh, erf, sigmoid, abs, max, min, is_nan, select(condition, a, b) and
// constant<T>(real). A GPU sees the text alone: constants that stand outside it, in a hand-written
// functor, are handed on by TESSERA_CONSTANTS(names).
#pragma once
#include <string_view>
#include <type_traits>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/pointwise_functions.hpp>
#include <tessera/tensor/text_names.hpp>
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
/// Name of a parameter such as "const T& x" or "T y = T(0)"; empty where it has none ("T").
constexpr std::string_view parameter_name(std::string_view parameter) {
  std::string_view last;
  int words = 0;
  for (Tokens t(parameter); !t.done() && !t.is('='); t.next())
    if (t.word() && *t != "const" && *t != "volatile" && *t != "typename" && *t != "maybe_unused") {
      last = *t;
      ++words;
    }
  return words > 1 ? last : std::string_view{};
}

/// What lies between the bracket at `t` and the one that closes it; `t` is then behind that.
constexpr std::string_view in_brackets(std::string_view text, Tokens& t) {
  const auto begin = t.place() + 1;
  int depth = 0;
  for (; !t.done(); t.next()) {
    if (t.is('(') || t.is('{') || t.is('[')) ++depth;
    if (t.is(')') || t.is('}') || t.is(']')) --depth;
    if (depth > 0) continue;
    const auto inside = text.substr(begin, t.place() - begin);
    t.next();
    return inside;
  }
  return {};
}

/// Parameter number `index` of two; nothing understood: all of them.
constexpr std::string_view parameter_of_two(std::string_view list, int index) {
  int depth = 0, commas = 0;
  std::size_t comma = 0;
  for (Tokens t(list); !t.done(); t.next()) {
    if (t.is('(') || t.is('<') || t.is('[') || t.is('{')) ++depth;
    if (t.is(')') || t.is('>') || t.is(']') || t.is('}')) --depth;
    if (depth == 0 && t.is(',')) ++commas, comma = t.place();
  }
  if (commas != 1) return list;
  return index == 0 ? list.substr(0, comma) : list.substr(comma + 1);
}

/// Whether derivative(first, second) reads its first (index 0) or second argument, found in the
/// functor's own text: in the one definition of that whole name, as calls of it and helpers with
/// longer names are none. A form this does not understand counts as "reads it".
constexpr bool derivative_reads(std::string_view text, int index) {
  bool found = false, reads = true;
  if (text.find_first_of("\"'#\\") != text.npos || text.find("//") != text.npos ||
      text.find("/*") != text.npos)
    return true;
  for (Tokens t(text); !t.done();) {
    const bool named = *t == "derivative";
    t.next();
    if (!named || !t.is('(')) continue;
    const auto parameter = parameter_of_two(in_brackets(text, t), index);
    while (*t == "const" || *t == "noexcept") t.next();
    if (!t.is('{')) {
      if (t.is('-') || *t == "requires") return true;  // a form of its own, or a call less something
      continue;                                        // a call
    }
    if (found) return true;  // two of them
    found = true;
    const auto argument = parameter_name(parameter), body = in_brackets(text, t);
    reads = !argument.empty() && contains_word(body, argument);
  }
  return !found || reads;
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

#include <tessera/kernels/cpu/pointwise.hpp>
