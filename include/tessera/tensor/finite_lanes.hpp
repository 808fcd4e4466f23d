// SPDX-License-Identifier: BSD-3-Clause
// Which lanes of a vector are finite or NaN, by their bits, as <tessera/tensor/finite.hpp>.
#pragma once
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tessera/abi.hpp>
#include <tessera/tensor/xsimd.hpp>

namespace tessera::inline TESSERA_ABI::simd {

namespace detail {
template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
/// Those of infinity: numbers above, without their sign, are NaN.
template <class T>
inline constexpr Bits<T> infinity_bits = sizeof(T) == 4 ? Bits<T>{0x7F800000}
                                                        : static_cast<Bits<T>>(0x7FF0000000000000);
template <class T, class A>
inline auto bits_without_sign(const xsimd::batch<T, A>& x) {
  using Batch = xsimd::batch<Bits<T>, A>;
  return xsimd::bitwise_cast<Batch>(x) & Batch(std::numeric_limits<Bits<T>>::max());
}
/// Where the integer is negative: it gives a 1.0 its sign. Not by a comparison of integers, which
/// xsimd 8.1 cannot compile for AVX-512 without optimisation.
template <class T, class A>
inline xsimd::batch_bool<T, A> negative(const xsimd::batch<Bits<T>, A>& x) {
  using Batch = xsimd::batch<Bits<T>, A>;
  const Batch sign(std::numeric_limits<Bits<T>>::min()), one(std::bit_cast<Bits<T>>(T(1)));
  return xsimd::bitwise_cast<xsimd::batch<T, A>>((x & sign) | one) < xsimd::batch<T, A>(T(0));
}
}  // namespace detail

template <class T, class A>
inline xsimd::batch_bool<T, A> is_nan(const xsimd::batch<T, A>& x) {
  using Batch = xsimd::batch<detail::Bits<T>, A>;
  return detail::negative<T, A>(Batch(detail::infinity_bits<T>) - detail::bits_without_sign(x));
}
template <class T, class A>
inline xsimd::batch_bool<T, A> is_finite(const xsimd::batch<T, A>& x) {
  using Batch = xsimd::batch<detail::Bits<T>, A>;
  return detail::negative<T, A>(detail::bits_without_sign(x) - Batch(detail::infinity_bits<T>));
}

}  // namespace tessera::inline TESSERA_ABI::simd
