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

/// v with the lanes behind the end of a row at 0: most errors are not 0 there.
template <class T>
simd::Vector<T> without_rest(simd::WholeVector<T>, const simd::Vector<T>& v) {
  return v;
}
template <class T>
simd::Vector<T> without_rest(simd::PartVector<T> lanes, const simd::Vector<T>& v) {
  alignas(64) T all[simd::width<T>];
  v.store_aligned(all);
  for (std::ptrdiff_t i = lanes.count; i < simd::width<T>; ++i) all[i] = T(0);
  return simd::Vector<T>::load_aligned(all);
}

/// A row of elements; `targets` null: `target` for all of them.
template <class F, class T>
void loss_row(const F& function, std::ptrdiff_t count, const T* y, const T* targets, T target,
              T factor, T* dy, simd::Vector<double>& sum) {
  using Vector = simd::Vector<T>;
  const F f = function;  // which no store to dy can change: its numbers stay in registers
  simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
    const Vector v = lanes.load(y + i), t = targets ? lanes.load(targets + i) : Vector(target);
    simd::add_wide(sum, without_rest(lanes, Vector(f.error(v, t))));
    if (dy) lanes.store(dy + i, lanes.load(dy + i) + Vector(factor) * f.derivative(v, t));
  });
}

template <class F, class T>
double pixel_loss(const Context<Cpu>& context, const F& f, Region region, View<const T> y,
                  View<const T> target, HoleView hole, T factor, View<T> dy, double* partial) {
  const std::ptrdiff_t chunk = pixel_loss_chunk(y.channels);
  const bool rows = y.contiguous() && target.contiguous() && one_row(dy);
  for_each_range(context, y.pixels(), chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    simd::Vector<double> sum(0.0);
    for (std::ptrdiff_t p = first; p < last; ++p) {
      if (!in_region(region, hole, p)) continue;
      std::ptrdiff_t end = p + 1;
      while (rows && end < last && in_region(region, hole, end)) ++end;
      loss_row(f, (end - p) * y.channels, y.pixel(p), target.pixel(p), T(0), factor,
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

template <class F, class T>
inline double pixel_loss(const Context<Cpu>& context, const F& f, Region region,
                         std::type_identity_t<View<const T>> y,
                         std::type_identity_t<View<const T>> target, HoleView hole, double factor,
                         View<T> dy, std::byte* workspace) {
#ifdef TESSERA_COMPILED
  if constexpr (library::error_number<F> >= 0)
    return library::pixel_loss(library::error_number<F>, context, static_cast<int>(region), y,
                               target, hole, factor, dy, workspace);
#endif
  return detail::pixel_loss<F, T>(context, f, region, y, target, hole, static_cast<T>(factor), dy,
                                  reinterpret_cast<double*>(workspace));
}

inline std::int64_t region_pixels(Region region, HoleView hole, std::ptrdiff_t pixels) {
  if (region == Region::whole) return pixels;
  std::int64_t count = 0;
  for (std::ptrdiff_t p = 0; p < pixels; ++p) count += detail::in_region(region, hole, p);
  return count;
}

}  // namespace tessera::kernels
