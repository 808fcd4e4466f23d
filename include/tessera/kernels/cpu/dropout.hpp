// SPDX-License-Identifier: BSD-3-Clause
// Dropout on the CPU: the factors of a few hundred elements, 0 or 1 / (1 - P), then their products
// with x, in pieces of a pixel where the views have a stride.
#pragma once
#include <algorithm>

#include <tessera/kernels/cpu/philox.hpp>
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/dropout.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// Elements whose factors are made at once.
inline constexpr std::ptrdiff_t dropout_piece = 512;
static_assert(dropout_piece % (4 * philox_blocks) == 0 && chunk_elements % dropout_piece == 0);

/// What decides which elements are dropped.
struct DropoutMask {
  std::uint32_t threshold;
  std::uint64_t key, stream;

  /// factors[i] of element first + i: scale or 0; first is a multiple of dropout_piece.
  template <class T>
  void factors(std::ptrdiff_t first, std::ptrdiff_t count, T scale, T* out) const {
    constexpr std::ptrdiff_t step = 4 * philox_blocks;
    for (std::ptrdiff_t i = 0; i < count; i += step) {
      alignas(64) std::uint32_t words[step];
      philox_words(key, stream, static_cast<std::uint64_t>(first + i) / 4, words);
      for (std::ptrdiff_t k = 0; k < step; ++k) out[i + k] = words[k] < threshold ? T(0) : scale;
    }
  }
};

/// y = x * factor; 0 where the factor is, for NaN too.
template <class T>
void dropout_row(std::ptrdiff_t count, const T* factor, const T* x, T* y) {
  simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
    const simd::Vector<T> f = lanes.load(factor + i), zero(T(0));
    lanes.store(y + i, xsimd::select(f == zero, zero, lanes.load(x + i) * f));
  });
}

}  // namespace detail

template <class T>
inline void dropout(const Context<Cpu>& context, double probability, const RandomBlocks& random,
                    std::type_identity_t<View<const T>> x, View<T> y) {
  const detail::DropoutMask mask{dropout_threshold(probability), random.key, random.stream};
  const T scale = static_cast<T>(1 / (1 - probability));
  const bool one_row = x.contiguous() && y.contiguous();
  for_each_range(context, y.size(), chunk_elements, [&](std::ptrdiff_t e, std::ptrdiff_t last) {
    alignas(64) T factors[detail::dropout_piece];
    for (; e < last; e += detail::dropout_piece) {
      const std::ptrdiff_t count = std::min(detail::dropout_piece, last - e);
      mask.factors(e, count, scale, factors);
      if (one_row) {
        detail::dropout_row(count, factors, x.data + e, y.data + e);
        continue;
      }
      std::ptrdiff_t p = e / y.channels, c = e % y.channels;  // a pixel may lie in two pieces
      for (std::ptrdiff_t i = 0; i < count; ++p, c = 0) {
        const std::ptrdiff_t n = std::min(y.channels - c, count - i);
        detail::dropout_row(n, factors + i, x.pixel(p) + c, y.pixel(p) + c);
        i += n;
      }
    }
  });
}

}  // namespace tessera::kernels
