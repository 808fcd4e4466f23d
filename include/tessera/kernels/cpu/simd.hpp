// SPDX-License-Identifier: BSD-3-Clause
// Vector loops on the CPU: one body serves whole vectors and the rest of a row. A rest is loaded
// into a vector filled up with zeros, so an element's result does not depend on where it lies.
#pragma once
#include <cstddef>
#include <cstring>
#include <type_traits>

#include <tessera/abi.hpp>
#include <tessera/kernels/cpu/width.hpp>
#include <tessera/tensor/xsimd.hpp>

namespace tessera::inline TESSERA_ABI::kernels::simd::inline TESSERA_SIMD_ABI {

template <class T>
using Vector = xsimd::batch<T>;
template <class T>
inline constexpr std::ptrdiff_t width = static_cast<std::ptrdiff_t>(Vector<T>::size);
#ifndef TESSERA_COMPILED
static_assert(width<float> == vector_width<float>);
#endif

/// a*b + c. xsimd 8.1 has no fused form for AVX-512: it leaves two instructions, which g++ joins
/// and clang does not.
template <class T>
inline Vector<T> multiply_add(Vector<T> a, Vector<T> b, Vector<T> c) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return Vector<T>(_mm512_fmadd_ps(a, b, c));
  else return Vector<T>(_mm512_fmadd_pd(a, b, c));
#else
  return xsimd::fma(a, b, c);
#endif
}

/// All lanes of a vector, at any address.
template <class T>
struct WholeVector {
  static constexpr std::ptrdiff_t count = width<T>;
  Vector<T> load(const T* p) const { return Vector<T>::load_unaligned(p); }
  void store(T* p, Vector<T> v) const { v.store_unaligned(p); }
};

/// The first `count` lanes; the others read as zero and are never written. count < width.
template <class T>
struct PartVector {
  std::ptrdiff_t count;
  Vector<T> load(const T* p) const {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return Vector<T>(_mm512_maskz_loadu_ps(mask16(), p));
    else return Vector<T>(_mm512_maskz_loadu_pd(mask8(), p));
#else
    alignas(64) T lanes[width<T>] = {};
    for (std::ptrdiff_t i = 0; i < count; ++i) lanes[i] = p[i];
    return Vector<T>::load_aligned(lanes);
#endif
  }
  void store(T* p, Vector<T> v) const {
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) _mm512_mask_storeu_ps(p, mask16(), v);
    else _mm512_mask_storeu_pd(p, mask8(), v);
#else
    alignas(64) T lanes[width<T>];
    v.store_aligned(lanes);
    for (std::ptrdiff_t i = 0; i < count; ++i) p[i] = lanes[i];
#endif
  }
#if defined(__AVX512F__)
  __mmask16 mask16() const { return static_cast<__mmask16>((1u << count) - 1u); }
  __mmask8 mask8() const { return static_cast<__mmask8>((1u << count) - 1u); }
#endif
};

/// step(lanes, i) for i = 0, width, 2*width, ... < n; lanes.load and lanes.store know the rest.
template <class T, class Step>
inline void for_each_vector(std::ptrdiff_t n, const Step& step) {
  std::ptrdiff_t i = 0;
  for (; i + width<T> <= n; i += width<T>) step(WholeVector<T>{}, i);
  if (i < n) step(PartVector<T>{n - i}, i);
}

/// width<double> numbers at p as doubles: sums over many floats are kept in double.
inline Vector<double> load_wide(const double* p) { return Vector<double>::load_unaligned(p); }
inline Vector<double> load_wide(const float* p) {
  constexpr std::size_t bytes = sizeof(Vector<double>) / 2;
  typedef float Narrow __attribute__((vector_size(bytes)));
  typedef double Wide __attribute__((vector_size(2 * bytes)));
  Narrow narrow;
  std::memcpy(&narrow, p, bytes);
  const Wide wide = __builtin_convertvector(narrow, Wide);
  Vector<double> result;
  std::memcpy(static_cast<void*>(&result), &wide, 2 * bytes);
  return result;
}

/// sum += all lanes of v, in double.
inline void add_wide(Vector<double>& sum, Vector<double> v) { sum += v; }
inline void add_wide(Vector<double>& sum, Vector<float> v) {
  alignas(64) float lanes[width<float>];
  v.store_aligned(lanes);
  sum += load_wide(lanes) + load_wide(lanes + width<double>);
}

/// Lanes added from first to last, so the order is the same with every instruction set of a width.
inline double add_lanes(Vector<double> v) {
  alignas(64) double lanes[width<double>];
  v.store_aligned(lanes);
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

}  // namespace tessera::kernels::simd
