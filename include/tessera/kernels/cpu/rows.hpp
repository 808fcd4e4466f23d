// SPDX-License-Identifier: BSD-3-Clause
// Element-wise work on strided views: contiguous views become one long row cut into fixed chunks,
// others one row of channels per pixel. Chunks depend on the shape alone.
#pragma once
#include <cstddef>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Elements one task works on: large against the cost of a task, small against a cache of 1 MiB.
inline constexpr std::ptrdiff_t chunk_elements = 16384;

constexpr std::ptrdiff_t ceil_div(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

/// Calls body(first, last) for consecutive ranges that cover [0, count), `step` long but the last.
template <class Body>
void for_each_range(const Context<Cpu>& context, std::ptrdiff_t count, std::ptrdiff_t step,
                    const Body& body) {
  parallel_for(context, ceil_div(count, step), [&](std::ptrdiff_t i) {
    body(i * step, (i + 1) * step < count ? (i + 1) * step : count);
  });
}

namespace detail {
/// A view without data fits any layout and stays null.
template <class T>
constexpr bool one_row(const View<T>& v) {
  return !v || v.contiguous();
}
template <class T>
constexpr T* at(const View<T>& v, std::ptrdiff_t offset) {
  return v ? v.data + offset : nullptr;
}
}  // namespace detail

/// Calls body(count, pointer...) for rows that cover the views, all of the first view's shape.
/// The first view must have data; the pointer of a view without data is null.
template <class Body, class First, class... Rest>
void for_each_row(const Context<Cpu>& context, const Body& body, const First& first,
                  const Rest&... rest) {
  const std::ptrdiff_t channels = first.channels;
  if (first.size() == 0) return;
  // One call for both ways: each call is a parallel region to compile.
  const bool one_row = first.contiguous() && (detail::one_row(rest) && ...);
  const std::ptrdiff_t pixels = channels < chunk_elements ? chunk_elements / channels : 1;
  for_each_range(context, one_row ? first.size() : first.pixels(),
                 one_row ? chunk_elements : pixels, [&](std::ptrdiff_t i, std::ptrdiff_t last) {
                   if (one_row) body(last - i, first.data + i, detail::at(rest, i)...);
                   else
                     for (; i < last; ++i)
                       body(channels, first.pixel(i), detail::at(rest, i * rest.stride)...);
                 });
}

}  // namespace tessera::kernels
