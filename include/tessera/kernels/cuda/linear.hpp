// SPDX-License-Identifier: BSD-3-Clause
// Linear maps on a GPU: matrix products, and sums over the pixels for the bias.
#pragma once
#include <cstddef>

#include <tessera/kernels/cuda/columns.hpp>
#include <tessera/kernels/cuda/gemm.hpp>
#include <tessera/kernels/cuda/rows.hpp>
#include <tessera/kernels/cuda/sums.hpp>
#include <tessera/kernels/linear.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(linear_text, (&rows_text),
  // The product is added to it.
  template <class T>
  __global__ void spread_bias(const T* bias, Span<T> y) {
    for (int e = first_in_row(); e < y.width * y.channels; e += step_in_row()) {
      const RowElement at = row_element(e, y.height, y.channels);
      y.at(y.pixel(at.n, at.h, at.w), at.c) = load_readonly(bias + at.c);
    }
  }
)
TESSERA_CUDA_TEXT(bias_gradient_text, (&columns_text, &sums_text),
  // The sum of each channel in each chunk of the pixels.
  template <class T>
  __global__ void bias_partials(Span<const T> dy, ColumnCut cut, double* partials) {
    const ColumnThread own = column_thread(cut);
    double sums[2]{};
    for (long p = own.p; p < own.last; p += 4L * blockDim.y) {
      T v[4];
      load_column(dy, own, p, T(0), v);
      for (int k = 0; k < 4; ++k) sums[0] += static_cast<double>(v[k]);
    }
    add_columns(sums);
    if (threadIdx.y == 0 && !own.idle) partials[cut.at(0, 0, own.c, own.chunk)] = sums[0];
  }
  // One warp for each channel.
  template <class T>
  __global__ void finish_bias_gradient(const double* partials, ColumnCut cut, T* first, T* second) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    const int c = static_cast<int>((blockIdx.x * blockDim.x + threadIdx.x) / 32);
    if (c >= cut.channels) return;
    double sum = 0;
    for (int i = lane; i < cut.chunks; i += 32) sum += partials[cut.at(0, 0, c, i)];
    sum = warp_sum(sum);
    if (lane > 0) return;
    if (first) first[c] += static_cast<T>(sum);
    if (second) second[c] += static_cast<T>(sum);
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void linear_forward(const Context<Cuda>& context, std::type_identity_t<View<const T>> x,
                           const T* weight, const std::type_identity_t<T>* bias, View<T> y) {
  if (bias)
    cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::linear_text, spread_bias, (T), ()), y,
                      bias, cuda::span_of(y));
  gemm<T>(context, Transpose::no, Transpose::yes, x.pixels(), y.channels, x.channels, T(1), x.data,
          x.stride, weight, x.channels, T(bias != nullptr), y.data, y.stride);
}

template <class T>
inline void linear_backward_input(const Context<Cuda>& context,
                                  std::type_identity_t<View<const T>> dy, const T* weight,
                                  View<T> dx) {
  gemm<T>(context, Transpose::no, Transpose::no, dy.pixels(), dx.channels, dy.channels, T(1),
          dy.data, dy.stride, weight, dx.channels, T(0), dx.data, dx.stride);
}

template <class T>
inline void linear_backward_weight(const Context<Cuda>& context,
                                   std::type_identity_t<View<const T>> x,
                                   std::type_identity_t<View<const T>> dy, T* dweight) {
  gemm<T>(context, Transpose::yes, Transpose::no, dy.channels, x.channels, x.pixels(), T(1),
          dy.data, dy.stride, x.data, x.stride, T(1), dweight, x.channels);
}

template <class T>
inline void bias_gradient(const Context<Cuda>& context, View<const T> dy,
                          std::type_identity_t<T>* first, std::type_identity_t<T>* second) {
  if ((!first && !second) || dy.size() == 0) return;
  const cuda::ColumnCut cut = cuda::column_cut(1, dy.pixels(), dy.channels);
  double* const partials = cuda::scratch<double>(context, cut.partials());
  cuda::launch_columns(context,
                       TESSERA_CUDA_KERNEL(cuda::bias_gradient_text, bias_partials, (T), ()), cut,
                       cuda::span_of(dy), cut, partials);
  context.engine().launch(
      TESSERA_CUDA_KERNEL(cuda::bias_gradient_text, finish_bias_gradient, (T), ()),
      {(static_cast<unsigned>(cut.channels) + 7) / 8, 1, 1}, {256, 1, 1}, 0,
      static_cast<const double*>(partials), cut, first, second);
}

}  // namespace tessera::kernels
