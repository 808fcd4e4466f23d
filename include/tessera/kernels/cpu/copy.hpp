// SPDX-License-Identifier: BSD-3-Clause
// Copies and sums of views on the CPU, row by row.
#pragma once
#include <tessera/kernels/copy.hpp>
#include <tessera/kernels/cpu/rows.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// The loop asks for vectors by itself, so that programs which only copy and add need no xsimd;
/// not inlined, it is compiled once and not for each way rows are cut.
template <class T, class F, class... X>
[[gnu::noinline]] void map_row(const F& f, std::ptrdiff_t count, T* y, X*... x) {
#ifdef _OPENMP
#pragma omp simd
#endif
  for (std::ptrdiff_t i = 0; i < count; ++i) y[i] = f(x[i]...);
}
/// y = f(element of each input) for every element.
template <class T, class F, class... X>
void map(const Context<Cpu>& context, const F& f, View<T> y, X... x) {
  for_each_row(
      context, [&f](std::ptrdiff_t count, T* yr, auto... xr) { map_row(f, count, yr, xr...); }, y,
      x...);
}
}  // namespace detail

template <class T>
inline void copy(const Context<Cpu>& context, std::type_identity_t<View<const T>> x, View<T> y) {
  detail::map(
      context, [](T v) { return v; }, y, x);
}

template <class T>
inline void add_into(const Context<Cpu>& context, std::type_identity_t<View<const T>> x,
                     View<T> y) {
  detail::map(
      context, [](T a, T b) { return a + b; }, y, View<const T>(y), x);
}

template <class T>
inline void add(const Context<Cpu>& context, std::type_identity_t<View<const T>> a,
                std::type_identity_t<View<const T>> b, View<T> y) {
  detail::map(
      context, [](T p, T q) { return p + q; }, y, a, b);
}

template <class T>
inline void multiply(const Context<Cpu>& context, std::type_identity_t<View<const T>> a,
                     std::type_identity_t<View<const T>> b, View<T> y) {
  detail::map(
      context, [](T p, T q) { return p * q; }, y, a, b);
}

template <class T>
inline void fill_zero(const Context<Cpu>& context, View<T> y) {
  detail::map(
      context, [] { return T(0); }, y);
}

inline void copy_mask(const Context<Cpu>& context, ValidView x, int first, MutableValidView y) {
  for_each_range(context, x.pixels(), chunk_elements, [&](std::ptrdiff_t p, std::ptrdiff_t last) {
    for (; p < last; ++p)
      for (int g = 0; g < x.groups.count; ++g) y.pixel(p)[first + g] = x.pixel(p)[g];
  });
}

inline void concatenate_masks(const Context<Cpu>& context, ValidView a, ValidView b,
                              MutableValidView y) {
  copy_mask(context, a, 0, y);
  copy_mask(context, b, a.groups.count, y);
}

inline void intersect_masks(const Context<Cpu>& context, ValidView a, ValidView b,
                            MutableValidView y) {
  for_each_range(context, y.size(), chunk_elements, [&](std::ptrdiff_t i, std::ptrdiff_t last) {
    for (; i < last; ++i) y.data[i] = static_cast<std::uint8_t>(a.data[i] & b.data[i]);
  });
}

inline void increment(const Context<Cpu>&, std::int64_t* counter) { ++*counter; }

}  // namespace tessera::kernels
