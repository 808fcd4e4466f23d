// SPDX-License-Identifier: BSD-3-Clause
// The math functions of kernel texts, math::exp(x) and the like, in emulation. The GPU's are in
// <tessera/cuda/detail/intrinsics.hpp>.
#pragma once
#include <cmath>
#include <type_traits>

#include <tessera/tensor/finite.hpp>
#include <tessera/tensor/pointwise_functions.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::math {

inline float exp(float x) { return std::exp(x); }
inline double exp(double x) { return std::exp(x); }
inline float expm1(float x) { return std::expm1(x); }
inline double expm1(double x) { return std::expm1(x); }
inline float log(float x) { return std::log(x); }
inline double log(double x) { return std::log(x); }
inline float log1p(float x) { return std::log1p(x); }
inline double log1p(double x) { return std::log1p(x); }
inline float sqrt(float x) { return std::sqrt(x); }
inline double sqrt(double x) { return std::sqrt(x); }
inline float rsqrt(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float tanh(float x) { return std::tanh(x); }
inline double tanh(double x) { return std::tanh(x); }
inline float erf(float x) { return std::erf(x); }
inline double erf(double x) { return std::erf(x); }
inline float pow(float x, float y) { return std::pow(x, y); }
inline double pow(double x, double y) { return std::pow(x, y); }
inline float floor(float x) { return std::floor(x); }
inline double floor(double x) { return std::floor(x); }
inline float abs(float x) { return std::fabs(x); }
inline double abs(double x) { return std::fabs(x); }

using tessera::is_finite;
using tessera::is_nan;

/// The larger and the smaller one; NaN if either is. For integers too.
template <class T>
inline T max(T a, std::type_identity_t<T> b) {
  if constexpr (std::is_floating_point_v<T>) return a > b || is_nan(a) ? a : b;
  else return a > b ? a : b;
}
template <class T>
inline T min(T a, std::type_identity_t<T> b) {
  if constexpr (std::is_floating_point_v<T>) return a < b || is_nan(a) ? a : b;
  else return a < b ? a : b;
}

}  // namespace tessera::cuda::math
