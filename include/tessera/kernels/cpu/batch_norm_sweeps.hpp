// SPDX-License-Identifier: BSD-3-Clause
// What batch normalisation does with every number on the CPU: the sweeps over pixels and channels,
// the layer's value, and the activation that it applies.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include <tessera/kernels/batch_norm_state.hpp>
#include <tessera/kernels/cpu/column_sums.hpp>
#include <tessera/kernels/cpu/rows.hpp>

namespace tessera::inline TESSERA_ABI::kernels::detail {

/// The workspace of the batch-norm kernels, cut up.
template <class T>
struct BatchNormScratch {
  std::ptrdiff_t channels, pixels, chunk, chunks;
  double* partial;  // [chunks][2][C]
  double* total;    // [2][C]
  T* coefficient;   // [4][C]

  BatchNormScratch(View<const T> x, std::byte* workspace)
      : channels(x.channels),
        pixels(x.pixels()),
        chunk(batch_norm_chunk(x.channels)),
        chunks(ceil_div(pixels, chunk)),
        partial(reinterpret_cast<double*>(workspace)),
        total(partial + chunks * 2 * channels),
        coefficient(reinterpret_cast<T*>(
            workspace +
            aligned_size(static_cast<std::size_t>((chunks + 1) * 2 * channels) * sizeof(double)))) {
  }

  /// Pixels of chunk i.
  std::ptrdiff_t size(std::ptrdiff_t i) const { return std::min(chunk, pixels - i * chunk); }
};

/// Calls body(first pixel, last pixel, first channel, channels, partial[2][C] at that channel).
template <class T, class Body>
void for_each_chunk(const Context<Cpu>& context, const BatchNormScratch<T>& s, const Body& body) {
  for_each_range(context, s.pixels, s.chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    double* partial = s.partial + first / s.chunk * 2 * s.channels;
    for (std::ptrdiff_t c = 0; c < s.channels; c += column_block)
      body(first, last, c, std::min(column_block, s.channels - c), partial + c);
  });
}

/// The activation behind the layer: v > 0 ? v : v <= zero_up_to ? 0 : slope v. Nothing is <= NaN,
/// so one expression is ReLU, which passes NaN, LeakyReLU, and none.
template <class T>
struct Kink {
  using Vector = simd::Vector<T>;
  Vector zero_up_to, slope;

  explicit Kink(double negative_slope)
      : zero_up_to(negative_slope == 0 ? T(0) : std::numeric_limits<T>::quiet_NaN()),
        slope(negative_slope > 0 ? static_cast<T>(negative_slope) : T(1)) {}
  Vector operator()(Vector v) const {
    return xsimd::select(v > Vector(T(0)), v,
                         xsimd::select(v <= zero_up_to, Vector(T(0)), slope * v));
  }
  /// dy times the derivative at v. Not as a product alone, which g++ would join with a sum.
  Vector gradient(Vector v, Vector dy) const {
    return xsimd::select(v > Vector(T(0)), dy,
                         dy * xsimd::select(v <= zero_up_to, Vector(T(0)), slope));
  }
};

/// (x - mean) * scale + shift per channel; the mean is taken off first, so nothing cancels.
template <class T>
struct Normalised {
  const T *mean, *scale, *shift;

  /// Of one vector of channels.
  struct Channels {
    simd::Vector<T> mean, scale, shift;
    simd::Vector<T> operator()(simd::Vector<T> x) const {
      return simd::multiply_add(x - mean, scale, shift);
    }
  };
  Channels at(const auto& lanes, std::ptrdiff_t c) const {
    return {lanes.load(mean + c), lanes.load(scale + c), lanes.load(shift + c)};
  }
};

/// Goes from pixel p on along a channel.
template <class T>
struct Walk {
  T* at;
  std::ptrdiff_t stride;
  Walk(View<T> v, std::ptrdiff_t p, std::ptrdiff_t c) : at(v.pixel(p) + c), stride(v.stride) {}
  T* next() { return std::exchange(at, at + stride); }
};

/// Calls body(lanes, c, p, n) for vectors of channels and n <= 4 pixels from p on: what belongs to
/// channels is loaded once for them, as any store may lie over it for all the compiler knows.
template <class T, class Body>
void for_each_block(const Context<Cpu>& context, const BatchNormScratch<T>& s, const Body& body) {
  for_each_range(context, s.pixels, s.chunk, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; p += 4)
      simd::for_each_vector<T>(s.channels, [&](auto lanes, std::ptrdiff_t c) {
        body(lanes, c, p, std::min<std::ptrdiff_t>(4, last - p));
      });
  });
}

/// y from x by `normalised`, then the activation.
template <class T>
void normalise(const Context<Cpu>& context, View<const T> x, const Normalised<T>& normalised,
               const Kink<T>& kink, View<T> y, const BatchNormScratch<T>& s) {
  for_each_block(context, s, [&](auto lanes, auto c, auto p, auto n) {
    const auto value = normalised.at(lanes, c);
    const Kink<T> f = kink;
    Walk<const T> xp(x, p, c);
    Walk<T> yp(y, p, c);
    for (; n > 0; --n) lanes.store(yp.next(), f(value(lanes.load(xp.next()))));
  });
}

}  // namespace tessera::kernels::detail
