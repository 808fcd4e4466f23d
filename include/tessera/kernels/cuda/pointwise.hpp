// SPDX-License-Identifier: BSD-3-Clause
// Pointwise operations on a GPU: the functor's own text, one element a thread.
#pragma once
#include <type_traits>

#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/pointwise.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(pointwise_text, (&elements_text),
  template <class F, class T, int Contiguous>
  __global__ void pointwise_forward(Span<const T> x, Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step())
      element<Contiguous>(y, e) = F{}.forward(element<Contiguous>(x, e));
  }
  template <class F, class T, int Contiguous, int NeedsX, int NeedsY>
  __global__ void pointwise_backward(Span<const T> x, Span<const T> y, Span<const T> dy,
                                     Span<T> dx) {
    for (long e = first_element(); e < dx.size(); e += element_step()) {
      T xe = T(0);
      T ye = T(0);
      if constexpr (NeedsX) xe = element<Contiguous>(x, e);
      if constexpr (NeedsY) ye = element<Contiguous>(y, e);
      element<Contiguous>(dx, e) = element<Contiguous>(dy, e) * F{}.derivative(xe, ye);
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class F, class T>
inline void pointwise_forward(const Context<Cuda>& context, const F&,
                              std::type_identity_t<View<const T>> x, View<T> y) {
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(
        context, TESSERA_CUDA_KERNEL(cuda::pointwise_text, pointwise_forward, (F, T), (contiguous)),
        y.size(), cuda::span_of(x), cuda::span_of(y));
  };
  cuda::with_contiguous(launch, x, y);
}

template <class F, class T>
inline void pointwise_backward(const Context<Cuda>& context, const F&,
                               std::type_identity_t<View<const T>> x,
                               std::type_identity_t<View<const T>> y,
                               std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  constexpr int nx = pointwise::needs_x<F>(), ny = pointwise::needs_y<F>();
  if constexpr (!nx) x = {};
  if constexpr (!ny) y = {};
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(
        context,
        TESSERA_CUDA_KERNEL(cuda::pointwise_text, pointwise_backward, (F, T), (contiguous, nx, ny)),
        dx.size(), cuda::span_of(x), cuda::span_of(y), cuda::span_of(dy), cuda::span_of(dx));
  };
  cuda::with_contiguous(launch, x, y, dy, dx);
}

}  // namespace tessera::kernels
