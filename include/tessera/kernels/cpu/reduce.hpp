// SPDX-License-Identifier: BSD-3-Clause
// Reductions on the CPU: four vectors of double run side by side within a chunk.
#pragma once
#include <array>
#include <cstddef>

#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/reduce.hpp>
#include <tessera/tensor/finite_lanes.hpp>
#include <tessera/tensor/finite.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// Folds x with step(accumulator, value) on vectors of double and join(a, b) on their lanes. The
/// accumulator starts at 0; both must be associative up to rounding, and step(a, 0) = a.
template <class T, class Step, class Join>
double reduce(const Context<Cpu>& context, const T* x, std::size_t n, std::byte* workspace,
              const Step& step, const Join& join) {
  using Vector = simd::Vector<double>;
  constexpr std::ptrdiff_t w = simd::width<double>;
  double* partial = reinterpret_cast<double*>(workspace);
  const auto chunk = static_cast<std::ptrdiff_t>(reduce_chunk);
  const auto count = static_cast<std::ptrdiff_t>(n);
  for_each_range(context, count, chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    std::array<Vector, 4> sums{Vector(0.0), Vector(0.0), Vector(0.0), Vector(0.0)};
    std::ptrdiff_t i = first;
    for (; i + 4 * w <= last; i += 4 * w) {
      sums[0] = step(sums[0], simd::load_wide(x + i));
      sums[1] = step(sums[1], simd::load_wide(x + i + w));
      sums[2] = step(sums[2], simd::load_wide(x + i + 2 * w));
      sums[3] = step(sums[3], simd::load_wide(x + i + 3 * w));
    }
    for (; i < last; i += w) {
      alignas(64) T rest[std::size_t{w}] = {};
      std::copy(x + i, x + std::min(last, i + w), rest);
      sums[0] = step(sums[0], simd::load_wide(rest));
    }
    double total = 0;
    for (const Vector& v : sums) {
      alignas(64) double lanes[std::size_t{w}];
      v.store_aligned(lanes);
      for (double lane : lanes) total = join(total, lane);
    }
    partial[first / chunk] = total;
  });
  double total = 0;
  for (std::ptrdiff_t i = 0; i < ceil_div(count, chunk); ++i) total = join(total, partial[i]);
  return total;
}

inline constexpr auto plus = [](double a, double b) { return a + b; };
}  // namespace detail

template <class T>
inline double sum(const Context<Cpu>& context, const T* x, std::size_t n, std::byte* workspace) {
  return detail::reduce(
      context, x, n, workspace, [](auto s, auto v) { return s + v; }, detail::plus);
}

template <class T>
inline double sum_of_squares(const Context<Cpu>& context, const T* x, std::size_t n,
                             std::byte* workspace) {
  return detail::reduce(
      context, x, n, workspace, [](auto s, auto v) { return simd::multiply_add(v, v, s); },
      detail::plus);
}

template <class T>
inline double max_abs(const Context<Cpu>& context, const T* x, std::size_t n,
                      std::byte* workspace) {
  return detail::reduce(
      context, x, n, workspace,
      [](auto s, auto v) {
        const auto a = xsimd::abs(v);
        return xsimd::select((a > s) | tessera::simd::is_nan(a), a, s);
      },
      [](double s, double a) { return a > s || is_nan(a) ? a : s; });
}

template <class T>
inline std::int64_t count_non_finite(const Context<Cpu>& context, const T* x, std::size_t n,
                                     std::byte* workspace) {
  using Vector = simd::Vector<double>;
  return static_cast<std::int64_t>(detail::reduce(
      context, x, n, workspace,
      [](auto s, auto v) {
        return s + xsimd::select(tessera::simd::is_finite(v), Vector(0.0), Vector(1.0));
      },
      detail::plus));
}

}  // namespace tessera::inline TESSERA_ABI::kernels
