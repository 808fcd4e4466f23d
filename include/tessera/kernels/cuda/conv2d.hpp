// SPDX-License-Identifier: BSD-3-Clause
// The convolution kernels of a GPU: forward, both gradients, and the mask path of partial
// convolutions. Contract: tessera/kernels/conv2d.hpp.
#pragma once
#include <tessera/kernels/cuda/conv2d_backward_weight.hpp>
#include <tessera/kernels/cuda/conv2d_bias.hpp>
#include <tessera/kernels/cuda/conv2d_convolve.hpp>
#include <tessera/kernels/cuda/partial_conv2d_mask.hpp>

namespace tessera::kernels {

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
                    MaskView valid, const T* weight, const T* bias, const T* scale, View<T> y,
                    std::byte*) {
  const Conv2dProblem p = cuda_detail::checked<Kernel, Stride>(problem);
  const cuda::Convolution<T> c{x, weight, bias, y, valid, scale};
  cuda::convolve_forward(context, p, c, cuda::forward_cut(p, c));
}

template <int Kernel, int Stride, class T>
void conv2d_backward_input(const Context<Cuda>& context, const Conv2dProblem& problem,
                           View<const T> dy, MaskView valid, const T* weight, const T* scale,
                           View<T> dx, std::byte*) {
  const Conv2dProblem p = cuda_detail::checked<Kernel, Stride>(problem);
  const cuda::Convolution<T> c{dy, weight, nullptr, dx, valid, scale};
  cuda::convolve_backward(context, p, c, cuda::backward_cut(p, c));
}

template <int Kernel, int Stride, class T>
void conv2d_backward_weight(const Context<Cuda>& context, const Conv2dProblem& problem,
                            View<const T> x, MaskView valid, View<const T> dy, const T* scale,
                            T* dweight, T* dbias, std::byte*) {
  if (!dweight && !dbias) return;
  const Conv2dProblem p = cuda_detail::checked<Kernel, Stride>(problem);
  const cuda::GemmCut cut = cuda::backward_weight_cut(p, x, valid);
  const std::size_t bias_bytes = dbias ? cuda::BiasCut(dy.pixels(), dy.channels).bytes() : 0;
  const std::size_t sums = dweight ? cuda::backward_weight_sums(p, cut) : 0;
  std::byte* const scratch = context.engine().scratch(std::max(bias_bytes, sums * sizeof(T)));
  if (dbias) cuda::add_bias_gradient(context, dy, scale, dbias, reinterpret_cast<double*>(scratch));
  if (dweight)  // runs when the bias is done, so in the same memory
    cuda::add_weight_gradient(context, p, x, valid, dy, scale, dweight,
                              reinterpret_cast<T*>(scratch), cut);
}

}  // namespace tessera::kernels
