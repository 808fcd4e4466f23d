// SPDX-License-Identifier: BSD-3-Clause
// Pixel losses on the CPU. Neighbouring pixels of the region are one row where the views are
// contiguous, so images of three channels fill whole vectors. Sums are kept in double.
#pragma once
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/pixel_loss.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

inline bool in_region(Region region, HoleView hole, std::ptrdiff_t p) {
  return region == Region::whole || hole.missing(p) == (region == Region::hole);
}

template <PixelError Error, class T>
void pixel_row(std::ptrdiff_t count, const T* y, const T* target, T factor, T* dy,
               simd::Vector<double>& sum) {
  using Vector = simd::Vector<T>;
  simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
    const Vector d = lanes.load(y + i) - lanes.load(target + i);  // unread lanes are 0 - 0
    Vector slope(d);                                              // 0 and NaN stay
    if constexpr (Error == PixelError::squared) {
      simd::add_wide(sum, d * d);
      slope = d + d;
    } else {
      simd::add_wide(sum, xsimd::abs(d));
      const Vector zero(T(0)), one(T(1));
      slope = xsimd::select(d > zero, one, xsimd::select(d < zero, -one, d));
    }
    if (dy) lanes.store(dy + i, lanes.load(dy + i) + Vector(factor) * slope);
  });
}

template <PixelError Error, class T>
double pixel_loss(const Context<Cpu>& context, Region region, View<const T> y, View<const T> target,
                  HoleView hole, T factor, View<T> dy, double* partial) {
  const std::ptrdiff_t chunk = pixel_loss_chunk(y.channels);
  const bool rows = y.contiguous() && target.contiguous() && one_row(dy);
  for_each_range(context, y.pixels(), chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    simd::Vector<double> sum(0.0);
    for (std::ptrdiff_t p = first; p < last; ++p) {
      if (!in_region(region, hole, p)) continue;
      std::ptrdiff_t end = p + 1;
      while (rows && end < last && in_region(region, hole, end)) ++end;
      pixel_row<Error>((end - p) * y.channels, y.pixel(p), target.pixel(p), factor,
                       at(dy, p * dy.stride), sum);
      p = end - 1;
    }
    partial[first / chunk] = simd::add_lanes(sum);
  });
  double loss = 0;
  for (std::ptrdiff_t i = 0; i < ceil_div(y.pixels(), chunk); ++i) loss += partial[i];
  return loss;
}

}  // namespace detail

template <class T>
inline double pixel_loss(const Context<Cpu>& context, PixelError error, Region region,
                         std::type_identity_t<View<const T>> y,
                         std::type_identity_t<View<const T>> target, HoleView hole, double factor,
                         View<T> dy, std::byte* workspace) {
  double* partial = reinterpret_cast<double*>(workspace);
  const T f = static_cast<T>(factor);
  return error == PixelError::squared
             ? detail::pixel_loss<PixelError::squared, T>(context, region, y, target, hole, f, dy,
                                                          partial)
             : detail::pixel_loss<PixelError::absolute, T>(context, region, y, target, hole, f,
                                                           dy, partial);
}

inline std::int64_t region_pixels(Region region, HoleView hole, std::ptrdiff_t pixels) {
  if (region == Region::whole) return pixels;
  std::int64_t count = 0;
  for (std::ptrdiff_t p = 0; p < pixels; ++p) count += detail::in_region(region, hole, p);
  return count;
}

}  // namespace tessera::kernels
