// SPDX-License-Identifier: BSD-3-Clause
// The convolution kernels of a GPU: forward, both gradients, and the mask path of partial
// convolutions. Contract: tessera/kernels/conv2d.hpp.
#pragma once
#include <tessera/kernels/cuda/conv2d/bias.hpp>
#include <tessera/kernels/cuda/conv2d/fastest.hpp>
#include <tessera/kernels/cuda/conv2d/partial_mask.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace cuda_detail {

/// A problem whose kernel and stride are those of the template arguments.
template <int Kernel, int Stride>
Conv2dProblem checked(Conv2dProblem p) {
  p.kernel = Kernel;
  p.stride = Stride;
  cuda::check_conv_sizes(p);
  return p;
}

}  // namespace cuda_detail

template <int Kernel, int Stride, class T>
void conv2d_forward(const Context<Cuda>& context, const Conv2dProblem& problem, View<const T> x,
                    ValidView valid, const T* weight, const T* bias, const T* scale, View<T> y,
                    std::byte*) {
  const Conv2dProblem p = cuda_detail::checked<Kernel, Stride>(problem);
  cuda::convolve_fastest(context, p, cuda::Convolution<T>{x, weight, bias, y, valid, scale}, false);
}

template <int Kernel, int Stride, class T>
void conv2d_backward_input(const Context<Cuda>& context, const Conv2dProblem& problem,
                           View<const T> dy, ValidView valid, const T* weight, const T* scale,
                           View<T> dx, std::byte*) {
  const Conv2dProblem p = cuda_detail::checked<Kernel, Stride>(problem);
  cuda::convolve_fastest(context, p, cuda::Convolution<T>{dy, weight, nullptr, dx, valid, scale},
                         true);
}

template <int Kernel, int Stride, class T>
void conv2d_backward_weight(const Context<Cuda>& context, const Conv2dProblem& problem,
                            View<const T> x, ValidView valid, View<const T> dy, const T* scale,
                            T* dweight, T* dbias, std::byte*) {
  if (!dweight && !dbias) return;
  const Conv2dProblem p = cuda_detail::checked<Kernel, Stride>(problem);
  if (dbias) cuda::add_bias_gradient(context, dy, scale, dbias);
  if (dweight) cuda::add_fastest_weight_gradient(context, p, x, valid, dy, scale, dweight);
}

}  // namespace tessera::kernels
