// SPDX-License-Identifier: BSD-3-Clause
// Losses against targets on the CPU: vectors of elements, sums in double. Lanes behind the end of a
// row are not 0 in most of these functions, so they are cleared before they are summed.
#pragma once
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/target_loss.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

template <class T>
struct ErrorAndSlope {
  simd::Vector<T> error, slope;
};

/// Comparisons are written so that NaN passes.
template <TargetError Error, class T>
ErrorAndSlope<T> target_error(const simd::Vector<T>& y, const simd::Vector<T>& t) {
  using Vector = simd::Vector<T>;
  const Vector zero(T(0)), one(T(1));
  if constexpr (Error == TargetError::cross_entropy) {
    const Vector least(T(-100)), tiny(T(1e-12)), p = y * (one - y);
    const auto log = [&](const Vector& v) {
      const Vector l = xsimd::log(v);
      return Vector(xsimd::select(l < least, least, l));
    };
    return {-(t * log(y) + (one - t) * log(one - y)), (y - t) / xsimd::select(p < tiny, tiny, p)};
  } else if constexpr (Error == TargetError::logit_cross_entropy) {
    const Vector e = xsimd::exp(-xsimd::abs(y));
    return {xsimd::select(y <= zero, zero, y) - y * t + xsimd::log1p(e),
            xsimd::select(y < zero, e, one) / (one + e) - t};
  } else if constexpr (Error == TargetError::squared) {
    const Vector d = y - t;
    return {d * d, d + d};
  } else if constexpr (Error == TargetError::hinge) {
    const Vector m = one - t * y;
    return {xsimd::select(m <= zero, zero, m),
            xsimd::select(m > zero, -t, xsimd::select(m <= zero, zero, m))};
  } else {
    return {-t * y, -t};
  }
}

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

template <TargetError Error, class T>
void target_row(std::ptrdiff_t count, const T* y, const T* targets, T target, T factor, T* dy,
                simd::Vector<double>& sum) {
  using Vector = simd::Vector<T>;
  simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
    const Vector t = targets ? lanes.load(targets + i) : Vector(target);
    const ErrorAndSlope<T> e = target_error<Error, T>(lanes.load(y + i), t);
    simd::add_wide(sum, without_rest(lanes, e.error));
    if (dy) lanes.store(dy + i, lanes.load(dy + i) + Vector(factor) * e.slope);
  });
}

template <TargetError Error, class T>
double target_loss(const Context<Cpu>& context, View<const T> y, View<const T> targets, T target,
                   T factor, View<T> dy, double* partial) {
  const std::ptrdiff_t chunk = pixel_loss_chunk(y.channels);
  const bool rows = y.contiguous() && one_row(targets) && one_row(dy);
  for_each_range(context, y.pixels(), chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    simd::Vector<double> sum(0.0);
    const std::ptrdiff_t step = rows ? last - first : 1;
    for (std::ptrdiff_t p = first; p < last; p += step)
      target_row<Error>(step * y.channels, y.pixel(p), at(targets, p * targets.stride), target,
                        factor, at(dy, p * dy.stride), sum);
    partial[first / chunk] = simd::add_lanes(sum);
  });
  double loss = 0;
  for (std::ptrdiff_t i = 0; i < ceil_div(y.pixels(), chunk); ++i) loss += partial[i];
  return loss;
}

}  // namespace detail

template <class T>
inline double target_loss(const Context<Cpu>& context, TargetError error,
                          std::type_identity_t<View<const T>> y,
                          std::type_identity_t<View<const T>> targets, double target, double factor,
                          View<T> dy, std::byte* workspace) {
  return detail::with_target_error(error, [&]<TargetError Error>() {
    return detail::target_loss<Error, T>(context, y, targets, static_cast<T>(target),
                                         static_cast<T>(factor), dy,
                                         reinterpret_cast<double*>(workspace));
  });
}

}  // namespace tessera::kernels
