// SPDX-License-Identifier: BSD-3-Clause
// Max pooling on a GPU: one element of y a thread forward, and of dx backward, which finds the
// maxima of the windows that hold it again and sums, in the CPU's order, the gradients of those
// that it won.
#pragma once
#include <type_traits>

#include <tessera/kernels/cuda/windows.hpp>
#include <tessera/kernels/max_pool.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(max_pool_text, (&windows_text),
  // The maximum of a window and the position u*K + v that holds it.
  template <class T>
  struct WindowMaximum { T value; int position; };
  template <class T>
  __device__ WindowMaximum<T> window_maximum(const Span<const T>& x, int kernel, int n, int h,
                                             int w, int c) {
    WindowMaximum<T> best{x.at(x.pixel(n, h, w), c), 0};
    for (int u = 0; u < kernel; ++u) {
      const T* from = &x.at(x.pixel(n, h + u, w), c);
      for (int v = u == 0 ? 1 : 0; v < kernel; ++v) {
        const T value = from[v * x.stride];
        if (value > best.value || math::is_nan(value)) best = {value, u * kernel + v};
      }
    }
    return best;
  }
  template <class T>
  __global__ void max_pool_forward(int kernel, int stride, Span<const T> x, Span<T> y) {
    for (int e = first_in_row(); e < y.width * y.channels; e += step_in_row()) {
      const RowElement at = row_element(e, y.height, y.channels);
      y.at(y.pixel(at.n, at.h, at.w), at.c) =
          window_maximum(x, kernel, at.n, at.h * stride, at.w * stride, at.c).value;
    }
  }
  template <class T>
  __global__ void max_pool_backward(int kernel, int stride, Span<const T> x, Span<const T> dy,
                                    Span<T> dx) {
    for (int e = first_in_row(); e < dx.width * dx.channels; e += step_in_row()) {
      const RowElement at = row_element(e, dx.height, dx.channels);
      const Windows rows = windows_over(at.h, kernel, stride, dy.height);
      const Windows columns = windows_over(at.w, kernel, stride, dy.width);
      T sum = T(0);
      for (int a = rows.first; a < rows.last; ++a)
        for (int b = columns.first; b < columns.last; ++b) {
          const int own = (at.h - a * stride) * kernel + at.w - b * stride;
          if (window_maximum(x, kernel, at.n, a * stride, b * stride, at.c).position == own)
            sum += dy.at(dy.pixel(at.n, a, b), at.c);
        }
      dx.at(dx.pixel(at.n, at.h, at.w), at.c) = sum;
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void max_pool_forward(const Context<Cuda>& context, int kernel, int stride,
                             std::type_identity_t<View<const T>> x, View<T> y) {
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::max_pool_text, max_pool_forward, (T), ()), y,
                    kernel, stride, cuda::span_of(x), cuda::span_of(y));
}

template <class T>
inline void max_pool_backward(const Context<Cuda>& context, int kernel, int stride,
                              std::type_identity_t<View<const T>> x,
                              std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::max_pool_text, max_pool_backward, (T), ()),
                    dx, kernel, stride, cuda::span_of(x), cuda::span_of(dy), cuda::span_of(dx));
}

}  // namespace tessera::kernels
