// SPDX-License-Identifier: BSD-3-Clause
// Losses against targets on the CPU: vectors of elements, sums in double.
#pragma once
#include <tessera/kernels/cpu/pixel_loss.hpp>
#include <tessera/kernels/target_loss.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

template <class F, class T>
double target_loss(const Context<Cpu>& context, const F& f, View<const T> y, View<const T> targets,
                   T target, T factor, View<T> dy, double* partial) {
  const std::ptrdiff_t chunk = pixel_loss_chunk(y.channels);
  const bool rows = y.contiguous() && one_row(targets) && one_row(dy);
  for_each_range(context, y.pixels(), chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    simd::Vector<double> sum(0.0);
    const std::ptrdiff_t step = rows ? last - first : 1;
    for (std::ptrdiff_t p = first; p < last; p += step)
      loss_row(f, step * y.channels, y.pixel(p), at(targets, p * targets.stride), target, factor,
               at(dy, p * dy.stride), sum);
    partial[first / chunk] = simd::add_lanes(sum);
  });
  double loss = 0;
  for (std::ptrdiff_t i = 0; i < ceil_div(y.pixels(), chunk); ++i) loss += partial[i];
  return loss;
}

}  // namespace detail

template <class F, class T>
inline double target_loss(const Context<Cpu>& context, const F& f,
                          std::type_identity_t<View<const T>> y,
                          std::type_identity_t<View<const T>> targets, double target, double factor,
                          View<T> dy, std::byte* workspace) {
#ifdef TESSERA_COMPILED
  if constexpr (library::error_number<F> >= 0)
    return library::target_loss(library::error_number<F>, context, y, targets, target, factor, dy,
                                workspace);
#endif
  return detail::target_loss<F, T>(context, f, y, targets, static_cast<T>(target),
                                   static_cast<T>(factor), dy,
                                   reinterpret_cast<double*>(workspace));
}

}  // namespace tessera::kernels
