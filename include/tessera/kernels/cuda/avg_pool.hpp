// SPDX-License-Identifier: BSD-3-Clause
// Average pooling on a GPU: one element of y a thread forward, and of dx backward, which sums the
// windows that hold it in the CPU's order.
#pragma once
#include <type_traits>

#include <tessera/kernels/avg_pool.hpp>
#include <tessera/kernels/cuda/windows.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(avg_pool_text, (&windows_text),
  template <class T>
  __global__ void avg_pool_forward(int kernel, int stride, Span<const T> x, Span<T> y) {
    const T share = T(1) / static_cast<T>(kernel * kernel);
    for (int e = first_in_row(); e < y.width * y.channels; e += step_in_row()) {
      const RowElement at = row_element(e, y.height, y.channels);
      T sum = T(0);
      for (int u = 0; u < kernel; ++u) {
        const T* from = &x.at(x.pixel(at.n, at.h * stride + u, at.w * stride), at.c);
        for (int v = 0; v < kernel; ++v) sum += from[v * x.stride];
      }
      y.at(y.pixel(at.n, at.h, at.w), at.c) = sum * share;
    }
  }
  template <class T>
  __global__ void avg_pool_backward(int kernel, int stride, Span<const T> dy, Span<T> dx) {
    const T share = T(1) / static_cast<T>(kernel * kernel);
    for (int e = first_in_row(); e < dx.width * dx.channels; e += step_in_row()) {
      const RowElement at = row_element(e, dx.height, dx.channels);
      const Windows rows = windows_over(at.h, kernel, stride, dy.height);
      const Windows columns = windows_over(at.w, kernel, stride, dy.width);
      T sum = T(0);
      for (int a = rows.first; a < rows.last; ++a)
        for (int b = columns.first; b < columns.last; ++b)
          sum += dy.at(dy.pixel(at.n, a, b), at.c);
      dx.at(dx.pixel(at.n, at.h, at.w), at.c) = sum * share;
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void avg_pool_forward(const Context<Cuda>& context, int kernel, int stride,
                             std::type_identity_t<View<const T>> x, View<T> y) {
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::avg_pool_text, avg_pool_forward, (T), ()), y,
                    kernel, stride, cuda::span_of(x), cuda::span_of(y));
}

template <class T>
inline void avg_pool_backward(const Context<Cuda>& context, int kernel, int stride,
                              std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::avg_pool_text, avg_pool_backward, (T), ()),
                    dx, kernel, stride, cuda::span_of(dy), cuda::span_of(dx));
}

}  // namespace tessera::kernels
