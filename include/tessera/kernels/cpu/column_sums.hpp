// SPDX-License-Identifier: BSD-3-Clause
// Sums over pixels, one per channel, for a run of pixels: the inner loop of batch statistics. Four
// pixels are added before they meet the running sum, which hides the latency of memory.
#pragma once
#include <array>
#include <cstddef>

#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Channels summed at once: sums stay in the first-level cache, rows of memory stay long.
inline constexpr std::ptrdiff_t column_block = 128;

template <class T, std::size_t Count>
using ColumnSums = std::array<std::array<T, column_block>, Count>;

/// sums[k][c] = sum of term(lanes, p, c)[k] over pixels [first, last), for c in [0, channels),
/// channels <= column_block. term returns std::array<Vector<T>, Count> for channels c, c+1, ...
template <class T, std::size_t Count, class Term>
inline void column_sums(std::ptrdiff_t first, std::ptrdiff_t last, std::ptrdiff_t channels,
                        ColumnSums<T, Count>& sums, const Term& term) {
  using simd::Vector;
  const simd::WholeVector<T> whole;  // sums are padded to whole vectors
  for (auto& row : sums) row.fill(T(0));
  std::ptrdiff_t p = first;
  for (; p + 4 <= last; p += 4)
    simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t c) {
      const auto t0 = term(lanes, p, c), t1 = term(lanes, p + 1, c);
      const auto t2 = term(lanes, p + 2, c), t3 = term(lanes, p + 3, c);
      for (std::size_t k = 0; k < Count; ++k) {
        T* sum = sums[k].data() + c;
        whole.store(sum, whole.load(sum) + ((t0[k] + t1[k]) + (t2[k] + t3[k])));
      }
    });
  for (; p < last; ++p)
    simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t c) {
      const auto t = term(lanes, p, c);
      for (std::size_t k = 0; k < Count; ++k) {
        T* sum = sums[k].data() + c;
        whole.store(sum, whole.load(sum) + t[k]);
      }
    });
}

/// Mean, and sum of squares about it, of pixels [first, last) in channels [c0, c0 + channels):
/// taken about a rough mean, so float loses nothing to a large one. mean, square: [channels].
template <class T>
void column_statistics(View<const T> x, std::ptrdiff_t first, std::ptrdiff_t last,
                       std::ptrdiff_t c0, std::ptrdiff_t channels, double* mean, double* square) {
  ColumnSums<T, 1> sum;
  column_sums<T, 1>(first, last, channels, sum, [&](auto lanes, auto p, auto c) {
    return std::array{lanes.load(x.pixel(p) + c0 + c)};
  });
  const T n = static_cast<T>(last - first);
  std::array<T, column_block>& rough = sum[0];
  for (T& m : rough) m /= n;
  ColumnSums<T, 2> about;  // sums of d and d*d with d = x - rough
  column_sums<T, 2>(first, last, channels, about, [&](auto lanes, auto p, auto c) {
    const auto d = lanes.load(x.pixel(p) + c0 + c) - lanes.load(rough.data() + c);
    return std::array{d, d * d};
  });
  for (std::ptrdiff_t c = 0; c < channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double rest = about[0][i], count = static_cast<double>(n);
    mean[c] = rough[i] + rest / count;
    square[c] = about[1][i] - rest * rest / count;
  }
}

}  // namespace tessera::kernels
