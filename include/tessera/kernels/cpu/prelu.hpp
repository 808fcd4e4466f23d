// SPDX-License-Identifier: BSD-3-Clause
// PReLU on the CPU: the input's gradient and the slope's come from one sweep; each task sums in
// double, and the tasks' sums are added in order.
#pragma once
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/prelu.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// dx of a row where it is wanted; returns the sum of dy x over x <= 0.
template <class T>
double prelu_backward_row(T slope, std::ptrdiff_t count, const T* x, const T* dy, T* dx) {
  using simd::Vector;
  Vector<double> sum(0.0);
  simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
    const Vector<T> zero(T(0)), xv = lanes.load(x + i), g = lanes.load(dy + i);
    const auto positive = xv > zero;
    simd::add_wide(sum, xsimd::select(positive, zero, g * xv));
    if (dx) lanes.store(dx + i, xsimd::select(positive, g, g * Vector<T>(slope)));
  });
  return simd::add_lanes(sum);
}
}  // namespace detail

template <class T>
inline void prelu_forward(const Context<Cpu>& context, const std::type_identity_t<T>* slope,
                          std::type_identity_t<View<const T>> x, View<T> y) {
  for_each_row(
      context,
      [slope = *slope](std::ptrdiff_t count, T* yr, const T* xr) {
        simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t i) {
          const simd::Vector<T> v = lanes.load(xr + i);
          lanes.store(yr + i,
                      xsimd::select(v > simd::Vector<T>(T(0)), v, v * simd::Vector<T>(slope)));
        });
      },
      y, x);
}

template <class T>
inline void prelu_backward(const Context<Cpu>& context, const std::type_identity_t<T>* slope,
                           std::type_identity_t<View<const T>> x,
                           std::type_identity_t<View<const T>> dy, View<T> dx,
                           std::type_identity_t<T>* dslope, std::byte* workspace) {
  if (x.size() == 0 || (!dx && !dslope)) return;
  double* const partial = reinterpret_cast<double*>(workspace);
  const std::ptrdiff_t chunk = prelu_chunk(x.channels), channels = x.channels;
  const bool one_row = x.contiguous() && dy.contiguous() && detail::one_row(dx);
  for_each_range(context, x.pixels(), chunk, [&](std::ptrdiff_t first, std::ptrdiff_t last) {
    double& sum = partial[first / chunk] = 0;
    const std::ptrdiff_t step = one_row ? last - first : 1;  // pixels of a row
    for (std::ptrdiff_t p = first; p < last; p += step)
      sum += detail::prelu_backward_row(*slope, step * channels, x.pixel(p), dy.pixel(p),
                                        detail::at(dx, p * dx.stride));
  });
  if (!dslope) return;
  double total = 0;
  for (std::ptrdiff_t i = 0; i < ceil_div(x.pixels(), chunk); ++i) total += partial[i];
  *dslope += static_cast<T>(total);
}

}  // namespace tessera::kernels
