// SPDX-License-Identifier: BSD-3-Clause
// The functions a pointwise text may call, for scalars and SIMD vectors alike. They are members of
// a base class: a name found in the class is final, so neither xsimd's nor <cmath>'s function of
// the same name can be picked by argument-dependent lookup. NaN propagates through all of them.
#pragma once
#include <cmath>
#include <type_traits>

#include <tessera/tensor/finite_lanes.hpp>
#include <tessera/tensor/finite.hpp>

namespace tessera::inline TESSERA_ABI::pointwise {

struct Functions {
  /// A real constant as T, without a narrowing warning: constant<T>(0.2).
  template <class T>
  static T constant(double value) {
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(value);
    else return T(static_cast<typename T::value_type>(value));
  }

  static float exp(float x) { return std::exp(x); }
  static double exp(double x) { return std::exp(x); }
  template <class T, class A>
  static xsimd::batch<T, A> exp(const xsimd::batch<T, A>& x) {
    return bounded(x, [](const auto& v) { return xsimd::exp(v); });
  }

  /// exp(x) - 1, accurate where x is small.
  static float expm1(float x) { return std::expm1(x); }
  static double expm1(double x) { return std::expm1(x); }
  template <class T, class A>
  static xsimd::batch<T, A> expm1(const xsimd::batch<T, A>& x) {
    return bounded(x, [](const auto& v) { return xsimd::expm1(v); });
  }

  static float log(float x) { return std::log(x); }
  static double log(double x) { return std::log(x); }
  template <class T, class A>
  static xsimd::batch<T, A> log(const xsimd::batch<T, A>& x) {
    return xsimd::log(x);
  }

  /// log(1 + x), accurate where x is small.
  static float log1p(float x) { return std::log1p(x); }
  static double log1p(double x) { return std::log1p(x); }
  template <class T, class A>
  static xsimd::batch<T, A> log1p(const xsimd::batch<T, A>& x) {
    return xsimd::log1p(x);
  }

  /// x^y, of settings; not of vectors.
  static double pow(double x, double y) { return std::pow(x, y); }

  static float sqrt(float x) { return std::sqrt(x); }
  static double sqrt(double x) { return std::sqrt(x); }
  template <class T, class A>
  static xsimd::batch<T, A> sqrt(const xsimd::batch<T, A>& x) {
    return xsimd::sqrt(x);
  }

  static float tanh(float x) { return std::tanh(x); }
  static double tanh(double x) { return std::tanh(x); }
  template <class T, class A>
  static xsimd::batch<T, A> tanh(const xsimd::batch<T, A>& x) {
    return bounded(x, [](const auto& v) { return xsimd::tanh(v); });
  }

  /// The error function; in double xsimd 8.1 is good to 8e-15.
  static float erf(float x) { return std::erf(x); }
  static double erf(double x) { return std::erf(x); }
  template <class T, class A>
  static xsimd::batch<T, A> erf(const xsimd::batch<T, A>& x) {
    return bounded(x, [](const auto& v) { return xsimd::erf(v); });
  }

  static float abs(float x) { return std::fabs(x); }
  static double abs(double x) { return std::fabs(x); }
  template <class T, class A>
  static xsimd::batch<T, A> abs(const xsimd::batch<T, A>& x) {
    return xsimd::abs(x);
  }

  /// 1 / (1 + exp(-x)); exp(-x) = inf gives 0, as it should.
  template <class T>
  static T sigmoid(const T& x) {
    return T(1) / (T(1) + exp(-x));
  }

  /// condition ? a : b, lane by lane; both sides are evaluated.
  static float select(bool condition, float a, float b) { return condition ? a : b; }
  static double select(bool condition, double a, double b) { return condition ? a : b; }
  template <class T, class A>
  static xsimd::batch<T, A> select(const xsimd::batch_bool<T, A>& condition,
                                   const std::type_identity_t<xsimd::batch<T, A>>& a,
                                   const std::type_identity_t<xsimd::batch<T, A>>& b) {
    return xsimd::select(condition, a, b);
  }

  /// Whether x is NaN. Not x != x: xsimd 8.1 answers that with "ordered" on AVX-512, false for NaN,
  /// and compilers with -ffast-math do so for scalars.
  static bool is_nan(float x) { return tessera::is_nan(x); }
  static bool is_nan(double x) { return tessera::is_nan(x); }
  template <class T, class A>
  static xsimd::batch_bool<T, A> is_nan(const xsimd::batch<T, A>& x) {
    return simd::is_nan(x);
  }

  /// The larger one; NaN if either is.
  template <class T>
  static T max(const T& a, const std::type_identity_t<T>& b) {
    return select((a > b) | is_nan(a), a, b);
  }
  /// The smaller one; NaN if either is.
  template <class T>
  static T min(const T& a, const std::type_identity_t<T>& b) {
    return select((a < b) | is_nan(a), a, b);
  }

 private:
  /// f(x) for f that is constant beyond +-1000, and NaN for NaN. In double xsimd 8.1 would convert
  /// what is not finite to an integer on the way, which is undefined; in float it does not.
  template <class T, class A, class F>
  static xsimd::batch<T, A> bounded(const xsimd::batch<T, A>& x, const F& f) {
    if constexpr (std::is_same_v<T, float>) return f(x);
    const xsimd::batch<T, A> low(T(-1000)), high(T(1000));
    const auto inside = xsimd::select(x > low, xsimd::select(x < high, x, high), low);
    return xsimd::select(is_nan(x), x, f(inside));
  }
};

}  // namespace tessera::inline TESSERA_ABI::pointwise
