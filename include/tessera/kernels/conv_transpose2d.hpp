// SPDX-License-Identifier: BSD-3-Clause
// Transposed convolution: the gradient of a convolution from its output to its input.
//
//   y[n, S*p - P + (u,v), o] += x[n, p, i] * w[i, o, u, v],  then + b[o]
//   dx = the convolution of dy with w;   dw[i, o, u, v] += sum of x[n, p, i] dy[n, S*p - P + (u,v),
//   o] db[o] += sum of dy[., o]
//
// A problem is that of the convolution turned round: its input is y, its output is x. In memory w
// is [K, K, O, I], which is how files' [I, O, K, K] lies with the kernel first.
#pragma once
#include <cstddef>

#include <tessera/kernels/conv2d.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// y (assigned) from x [N, h, w, I] and weight [K, K, O, I]; bias [O] or null. Any pixel strides.
/// workspace: conv_transpose2d_forward_workspace bytes.
template <int Kernel, int Stride, class T>
void conv_transpose2d_forward(const Context<Cpu>&, const Conv2dProblem& turned, View<const T> x,
                              const T* weight, const T* bias, View<T> y, std::byte* workspace);
template <int Kernel, int Stride, class T>
void conv_transpose2d_forward(const Context<Cuda>&, const Conv2dProblem& turned, View<const T> x,
                              const T* weight, const T* bias, View<T> y, std::byte* workspace);

/// dx (assigned) from dy and weight.
template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_input(const Context<Cpu>&, const Conv2dProblem& turned,
                                     View<const T> dy, const T* weight, View<T> dx,
                                     std::byte* workspace);
template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_input(const Context<Cuda>&, const Conv2dProblem& turned,
                                     View<const T> dy, const T* weight, View<T> dx,
                                     std::byte* workspace);

/// dweight [K, K, O, I] and dbias [O] (either may be null) are added to (+=).
template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_weight(const Context<Cpu>&, const Conv2dProblem& turned,
                                      View<const T> x, View<const T> dy, T* dweight, T* dbias,
                                      std::byte* workspace);
template <int Kernel, int Stride, class T>
void conv_transpose2d_backward_weight(const Context<Cuda>&, const Conv2dProblem& turned,
                                      View<const T> x, View<const T> dy, T* dweight, T* dbias,
                                      std::byte* workspace);

/// Scratch bytes, by shape and scalar alone.
template <class T>
constexpr std::size_t conv_transpose2d_forward_workspace(const Conv2dProblem& turned);
/// Of both gradients.
template <class T>
constexpr std::size_t conv_transpose2d_backward_workspace(const Conv2dProblem& turned);

}  // namespace tessera::kernels

#ifdef TESSERA_COMPILED
#include <tessera/kernels/library/conv2d.hpp>
#else
#include <tessera/kernels/cpu/conv_transpose2d.hpp>
#endif
