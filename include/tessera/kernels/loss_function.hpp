// SPDX-License-Identifier: BSD-3-Clause
// Losses of one element against its target, from one text for every device:
//
//   TESSERA_LOSS_FUNCTION(Cubic, (scale = 1),
//     template <class T> T error(T y, T t) const { T d = abs(y - t); return d * d * d; }
//     template <class T> T derivative(T y, T t) const { return T(3) * (y - t) * abs(y - t); })
//
// derivative() is d error / dy. The second argument lists settings, all doubles, with their
// defaults. T and the functions are those of <tessera/kernels/pointwise.hpp>. A text may have a
// `bool valid() const` that tells whether the settings are.
#pragma once
#include <tessera/kernels/library/texts.hpp>
#include <tessera/tensor/pointwise_functions.hpp>
#include <tessera/tensor/text_names.hpp>

// clang-format off
/// Defines the functor `Name`. A loss to train with is made by TESSERA_LOSS
/// (<tessera/losses/loss_text.hpp>).
#define TESSERA_LOSS_FUNCTION(Name, settings, ...)                        \
  struct Name : ::tessera::pointwise::Functions {                         \
    TESSERA_NUMBERS settings                                              \
    __VA_ARGS__                                                           \
    static constexpr const char *text = #__VA_ARGS__, *numbers = #settings; \
  };
// clang-format on

namespace tessera::inline TESSERA_ABI::kernels {

// clang-format off

/// (y - t)^2
TESSERA_LOSS_FUNCTION(SquaredError, (),
  template <class T> T error(T y, T t) const { T d = y - t; return d * d; }
  template <class T> T derivative(T y, T t) const { T d = y - t; return d + d; })

/// |y - t|; derivative 0 at 0. Comparisons here and below are written so that NaN passes.
TESSERA_LOSS_FUNCTION(AbsoluteError, (),
  template <class T> T error(T y, T t) const { return abs(y - t); }
  template <class T> T derivative(T y, T t) const {
    T d = y - t;
    return select(d > T(0), T(1), select(d < T(0), T(-1), d));
  })

/// -(t max(log y, -100) + (1 - t) max(log(1 - y), -100));  (y - t) / max(y (1 - y), 1e-12). Both
/// bounds are PyTorch's.
TESSERA_LOSS_FUNCTION(CrossEntropy, (),
  template <class T> T bounded_log(T v) const {
    T l = log(v);
    return select(l < T(-100), T(-100), l);
  }
  template <class T> T error(T y, T t) const {
    return -(t * bounded_log(y) + (T(1) - t) * bounded_log(T(1) - y));
  }
  template <class T> T derivative(T y, T t) const {
    T p = y * (T(1) - y);
    return (y - t) / select(p < constant<T>(1e-12), constant<T>(1e-12), p);
  })

/// max(y, 0) - y t + log(1 + exp(-|y|));  1 / (1 + exp(-y)) - t
TESSERA_LOSS_FUNCTION(LogitCrossEntropy, (),
  template <class T> T error(T y, T t) const {
    return select(y <= T(0), T(0), y) - y * t + log1p(exp(-abs(y)));
  }
  template <class T> T derivative(T y, T t) const {
    T e = exp(-abs(y));
    return select(y < T(0), e, T(1)) / (T(1) + e) - t;
  })

/// max(0, 1 - t y);  derivative 0 where 1 - t y = 0
TESSERA_LOSS_FUNCTION(HingeError, (),
  template <class T> T error(T y, T t) const {
    T m = T(1) - t * y;
    return select(m <= T(0), T(0), m);
  }
  template <class T> T derivative(T y, T t) const {
    T m = T(1) - t * y;
    return select(m > T(0), -t, select(m <= T(0), T(0), m));
  })

/// -t y
TESSERA_LOSS_FUNCTION(LinearError, (),
  template <class T> T error(T y, T t) const { return -t * y; }
  template <class T> T derivative(T, T t) const { return -t; })

// clang-format on

// What the compiled library holds for every kind of processor, by the numbers of its units.
namespace library {
template <>
inline constexpr int error_number<SquaredError> = 0;
template <>
inline constexpr int error_number<AbsoluteError> = 1;
template <>
inline constexpr int error_number<CrossEntropy> = 2;
template <>
inline constexpr int error_number<LogitCrossEntropy> = 3;
template <>
inline constexpr int error_number<HingeError> = 4;
template <>
inline constexpr int error_number<LinearError> = 5;
}  // namespace library

}  // namespace tessera::inline TESSERA_ABI::kernels
