// SPDX-License-Identifier: BSD-3-Clause
// When matrix products compute a transposed convolution, and what scratch its kernels need.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <cstdint>

#include <tessera/kernels/cpu/conv2d/workspace.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

#ifdef TESSERA_COMPILED
// What the kernels that were chosen for this processor need.
namespace library {
template <class T>
std::size_t conv_transpose2d_forward_workspace(const Conv2dProblem&);
template <class T>
std::size_t conv_transpose2d_backward_workspace(const Conv2dProblem&);
}  // namespace library
#endif
namespace cpu {

/// Whether products are faster: at most a pixel for 8192 weights, as measured. By shape alone.
constexpr bool products_pay(const Conv2dProblem& p) {
  return std::int64_t{p.batch} * p.out_height * p.out_width * 8192 <=
         std::int64_t{p.kernel} * p.kernel * p.in_channels * p.out_channels;
}

/// The same for forward, where tiles over y do K K / S S products for each of its pixels, products
/// over x only K K for each of its own: of small maps and stride 1 that is half, as measured.
constexpr bool forward_products_pay(const Conv2dProblem& p) {
  const std::int64_t x = std::int64_t{p.out_height} * p.out_width * p.stride * p.stride,
                     y = std::int64_t{p.in_height} * p.in_width;
  return products_pay(p) || (p.kernel > 1 && 2 * y >= 3 * x);
}

/// Taps [first, last) along one axis that lie inside of y for some position of x.
struct TapRange {
  std::ptrdiff_t first, last;
  constexpr std::ptrdiff_t count() const { return last - first; }
};
constexpr TapRange used_taps(const Conv2dProblem& p, std::ptrdiff_t in, std::ptrdiff_t out) {
  return {std::max<std::ptrdiff_t>(0, p.padding - p.stride * (out - 1)),
          std::min<std::ptrdiff_t>(p.kernel, in + p.padding)};
}

/// The columns of all pixels of x; p is the convolution turned round: its input is y.
struct ColumnsPlan {
  Conv2dProblem p;
  TapRange rows, columns;
  std::ptrdiff_t pixels = 0, width = 0;  // of x; elements of a pixel's columns

  constexpr explicit ColumnsPlan(const Conv2dProblem& problem)
      : p(problem),
        rows(used_taps(p, p.in_height, p.out_height)),
        columns(used_taps(p, p.in_width, p.out_width)),
        pixels(std::ptrdiff_t{p.batch} * p.out_height * p.out_width),
        width(rows.count() * columns.count() * p.in_channels) {}

  template <class T>
  constexpr std::size_t bytes() const {
    return aligned_size(static_cast<std::size_t>(pixels * width) * sizeof(T));
  }
  /// Products that cover the taps: one where all columns of taps are used, else one a row of taps.
  constexpr bool whole() const { return columns.count() == p.kernel; }
  constexpr std::ptrdiff_t products() const { return whole() ? 1 : rows.count(); }
  constexpr std::ptrdiff_t product_width() const { return width / products(); }
  /// Where the weights of product i begin.
  constexpr std::ptrdiff_t weights(std::ptrdiff_t i) const {
    return ((rows.first + i) * p.kernel + columns.first) * p.in_channels * p.out_channels;
  }
};

/// Sums of dy over pixels: chunks of so many are summed in T, at most `bias_chunks` of them, and
/// then in order in double.
inline constexpr std::ptrdiff_t bias_chunks = 64;
constexpr std::ptrdiff_t bias_chunk(std::ptrdiff_t pixels) {
  return std::max<std::ptrdiff_t>(256, divide_up(pixels, bias_chunks));
}
constexpr std::size_t bias_workspace(const Conv2dProblem& p) {
  return aligned_size(static_cast<std::size_t>(bias_chunks * p.in_channels) * sizeof(double));
}

}  // namespace cpu

template <class T>
constexpr std::size_t conv_transpose2d_forward_workspace(const Conv2dProblem& p) {
#ifdef TESSERA_COMPILED
  if (!std::is_constant_evaluated()) return library::conv_transpose2d_forward_workspace<T>(p);
#endif
  return cpu::forward_products_pay(p) ? cpu::ColumnsPlan(p).bytes<T>()
                                      : conv2d_backward_input_workspace<T>(p);
}
template <class T>
constexpr std::size_t conv_transpose2d_backward_workspace(const Conv2dProblem& p) {
#ifdef TESSERA_COMPILED
  if (!std::is_constant_evaluated()) return library::conv_transpose2d_backward_workspace<T>(p);
#endif
  return std::max({conv2d_forward_workspace<T>(p), cpu::bias_workspace(p),
                   cpu::products_pay(p) ? cpu::ColumnsPlan(p).bytes<T>()
                                        : conv2d_backward_weight_workspace<T>(p)});
}

}  // namespace tessera::kernels
