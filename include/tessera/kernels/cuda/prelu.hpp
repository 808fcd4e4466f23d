// SPDX-License-Identifier: BSD-3-Clause
// PReLU on a GPU: the input's gradient and the slope's come from one sweep; each block sums in
// double, and one block adds up the blocks' sums.
#pragma once
#include <algorithm>

#include <tessera/kernels/cuda/partials.hpp>
#include <tessera/kernels/prelu.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(prelu_text, (&partials_text),
  template <class T, int Contiguous>
  __global__ void prelu_forward(const T* slope, Span<const T> x, Span<T> y) {
    const T w = *slope;
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const T v = element<Contiguous>(x, e);
      element<Contiguous>(y, e) = v > T(0) ? v : v * w;
    }
  }
  // dx may be empty; partial [blocks], or null.
  template <class T, int Contiguous>
  __global__ void prelu_backward(const T* slope, Span<const T> x, Span<const T> dy, Span<T> dx,
                                 double* partial) {
    const T w = *slope;
    double sum = 0;
    for (long e = first_element(); e < x.size(); e += element_step()) {
      const T v = element<Contiguous>(x, e);
      const T g = element<Contiguous>(dy, e);
      if (!(v > T(0))) sum += g * v;
      if (dx.data) element<Contiguous>(dx, e) = v > T(0) ? g : g * w;
    }
    if (partial) leave_partial<0>(sum, partial);
  }
  // One block.
  template <class T>
  __global__ void prelu_slope_gradient(const double* partial, int count, T* dslope) {
    double sum = 0;
    for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x))
      sum += partial[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) *dslope += static_cast<T>(sum);
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void prelu_forward(const Context<Cuda>& context, const std::type_identity_t<T>* slope,
                          std::type_identity_t<View<const T>> x, View<T> y) {
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(context,
                      TESSERA_CUDA_KERNEL(cuda::prelu_text, prelu_forward, (T), (contiguous)),
                      y.size(), slope, cuda::span_of(x), cuda::span_of(y));
  };
  cuda::with_contiguous(launch, x, y);
}

template <class T>
inline void prelu_backward(const Context<Cuda>& context, const std::type_identity_t<T>* slope,
                           std::type_identity_t<View<const T>> x,
                           std::type_identity_t<View<const T>> dy, View<T> dx,
                           std::type_identity_t<T>* dslope, std::byte*) {
  if (x.size() == 0 || (!dx && !dslope)) return;
  const long blocks = std::min((x.size() + 1023L) / 1024, 1024L);
  double* const partial = dslope ? cuda::scratch<double>(context, blocks) : nullptr;
  const auto launch = [&](auto contiguous) {
    context.engine().launch(
        TESSERA_CUDA_KERNEL(cuda::prelu_text, prelu_backward, (T), (contiguous)),
        {static_cast<unsigned>(blocks), 1, 1}, {256, 1, 1}, 0, slope, cuda::span_of(x),
        cuda::span_of(dy), cuda::span_of(dx), partial);
  };
  cuda::with_contiguous(launch, x, dy, dx);
  if (!dslope) return;
  context.engine().launch(TESSERA_CUDA_KERNEL(cuda::prelu_text, prelu_slope_gradient, (T), ()), {},
                          {256, 1, 1}, 0, static_cast<const double*>(partial),
                          static_cast<int>(blocks), dslope);
}

}  // namespace tessera::kernels
