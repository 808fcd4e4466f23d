// SPDX-License-Identifier: BSD-3-Clause
// Bilinear resizing on a GPU. A first kernel tables what each output row and column reads, by the
// CPU's rule in double; then one element of y a thread, and backward one of dx, which sums the
// outputs that read it with the weights that they gave it, in the CPU's order.
#pragma once
#include <type_traits>

#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/cuda/rows.hpp>
#include <tessera/kernels/resize_bilinear.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(bilinear_axis_text, (),
  // An output position reads (1 - share) x[low] + share x[high].
  struct BilinearTaps {
    int low; int high;
    double share;
    constexpr double weight(int i) const {
      return (i == low ? 1 - share : 0.0) + (i == high ? share : 0.0);
    }
  };
  // The rule along one axis, from `in` positions to `out`.
  struct BilinearAxis {
    int in; int out;
    constexpr BilinearTaps taps(int a) const {
      const double centre = (a + 0.5) * in / out - 0.5;
      const double s = centre > 0 ? centre : 0;
      const int low = static_cast<int>(s) < in - 1 ? static_cast<int>(s) : in - 1;
      return {low, low + 1 < in - 1 ? low + 1 : in - 1, s - low};
    }
    // Outside of output positions [first, last) none reads position i.
    constexpr int first(int i) const {
      const int a = static_cast<int>((i - 0.5) * out / in - 0.5) - 1;
      return i == 0 || a < 0 ? 0 : a;
    }
    constexpr int last(int i) const {
      const int a = static_cast<int>((i + 1.5) * out / in - 0.5) + 2;
      return i == in - 1 || a > out ? out : a;
    }
  };
)
TESSERA_CUDA_TEXT(resize_bilinear_text, (&elements_text, &rows_text, &bilinear_axis_text),
  // The taps of the output rows, and behind them of its columns.
  template <class T>
  __global__ void bilinear_taps(BilinearAxis rows, BilinearAxis columns, BilinearTaps* taps) {
    for (long e = first_element(); e < rows.out + columns.out; e += element_step()) {
      const int a = static_cast<int>(e);
      taps[a] = a < rows.out ? rows.taps(a) : columns.taps(a - rows.out);
    }
  }
  template <class T>
  __global__ void resize_bilinear_forward(const BilinearTaps* taps, Span<const T> x, Span<T> y) {
    for (int e = first_in_row(); e < y.width * y.channels; e += step_in_row()) {
      const RowElement at = row_element(e, y.height, y.channels);
      const BilinearTaps row = taps[at.h];
      const BilinearTaps column = taps[y.height + at.w];
      const T above = x.at(x.pixel(at.n, row.low, column.low), at.c) *
                          static_cast<T>((1 - row.share) * (1 - column.share)) +
                      x.at(x.pixel(at.n, row.low, column.high), at.c) *
                          static_cast<T>((1 - row.share) * column.share);
      const T below = x.at(x.pixel(at.n, row.high, column.low), at.c) *
                          static_cast<T>(row.share * (1 - column.share)) +
                      x.at(x.pixel(at.n, row.high, column.high), at.c) *
                          static_cast<T>(row.share * column.share);
      y.at(y.pixel(at.n, at.h, at.w), at.c) = above + below;
    }
  }
  template <class T>
  __global__ void resize_bilinear_backward(const BilinearTaps* taps, Span<const T> dy,
                                           Span<T> dx) {
    const BilinearAxis rows{dx.height, dy.height};
    const BilinearAxis columns{dx.width, dy.width};
    for (int e = first_in_row(); e < dx.width * dx.channels; e += step_in_row()) {
      const RowElement at = row_element(e, dx.height, dx.channels);
      const int first = columns.first(at.w);
      const int last = columns.last(at.w);
      T sum = T(0);
      for (int a = rows.first(at.h); a < rows.last(at.h); ++a) {
        const double of_row = taps[a].weight(at.h);
        if (of_row == 0) continue;
        for (int b = first; b < last; ++b) {
          const double weight = of_row * taps[dy.height + b].weight(at.w);
          if (weight != 0) sum += dy.at(dy.pixel(at.n, a, b), at.c) * static_cast<T>(weight);
        }
      }
      dx.at(dx.pixel(at.n, at.h, at.w), at.c) = sum;
    }
  }
)
// clang-format on

/// The taps of a resizing, in scratch memory.
inline const BilinearTaps* make_bilinear_taps(const Context<Cuda>& context, BilinearAxis rows,
                                              BilinearAxis columns) {
  const long count = long{rows.out} + columns.out;
  BilinearTaps* const taps = scratch<BilinearTaps>(context, count);
  launch_each(context, TESSERA_CUDA_KERNEL(resize_bilinear_text, bilinear_taps, (float), ()), count,
              rows, columns, taps);
  return taps;
}

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void resize_bilinear_forward(const Context<Cuda>& context,
                                    std::type_identity_t<View<const T>> x, View<T> y) {
  cuda::launch_rows(
      context, TESSERA_CUDA_KERNEL(cuda::resize_bilinear_text, resize_bilinear_forward, (T), ()), y,
      cuda::make_bilinear_taps(context, {x.height, y.height}, {x.width, y.width}), cuda::span_of(x),
      cuda::span_of(y));
}

template <class T>
inline void resize_bilinear_backward(const Context<Cuda>& context,
                                     std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  cuda::launch_rows(
      context, TESSERA_CUDA_KERNEL(cuda::resize_bilinear_text, resize_bilinear_backward, (T), ()),
      dx, cuda::make_bilinear_taps(context, {dx.height, dy.height}, {dx.width, dy.width}),
      cuda::span_of(dy), cuda::span_of(dx));
}

}  // namespace tessera::kernels
