// SPDX-License-Identifier: BSD-3-Clause
// Transposed convolution on a GPU: the convolution's passes turned round, with a bias.
// Contract: tessera/kernels/conv_transpose2d.hpp.
#pragma once
#include <tessera/kernels/conv_transpose2d.hpp>
#include <tessera/kernels/cuda/conv2d.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <int Kernel, int Stride, class T>
void conv_transpose2d_forward(const Context<Cuda>& context, const Conv2dProblem& turned,
                              View<const T> x, const T* weight, const T* bias, View<T> y,
                              std::byte*) {
  const Conv2dProblem p = cuda_detail::checked<Kernel, Stride>(turned);
  cuda::convolve_fastest(context, p, cuda::Convolution<T>{x, weight, bias, y, {}, nullptr}, true);
}

template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_input(const Context<Cuda>& context, const Conv2dProblem& turned,
                                     View<const T> dy, const T* weight, View<T> dx, std::byte*) {
  const T* const none = nullptr;
  conv2d_forward<Kernel, Stride>(context, turned, dy, ValidView{}, weight, none, none, dx, nullptr);
}

template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_weight(const Context<Cuda>& context, const Conv2dProblem& turned,
                                      View<const T> x, View<const T> dy, T* dweight, T* dbias,
                                      std::byte*) {
  const T* const no_scale = nullptr;
  if (dweight)
    conv2d_backward_weight<Kernel, Stride>(context, turned, dy, ValidView{}, x, no_scale, dweight,
                                           static_cast<T*>(nullptr), nullptr);
  if (dbias) cuda::add_bias_gradient(context, dy, no_scale, dbias);
}

}  // namespace tessera::kernels
