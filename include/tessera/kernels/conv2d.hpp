// SPDX-License-Identifier: BSD-3-Clause
// Two-dimensional convolution, plain and partial: contract and entry points. Implementations are in
// kernels/<device>/conv2d.hpp.
//
//   y[n,p,o]  = scale[n,p] * sum_{u,v,i} x'[n, S*p - P + (u,v), i] * w[u,v,i,o]  +  b[o]
//               exactly 0 where scale[n,p] = 0
//   dx        = select(conv^T(scale * dy, w), valid)
//   dw       += x' * (scale * dy),   db += sum of dy where scale != 0
//
// x' = select(x, valid) is x where the pixel's mask plane is 1 and 0 elsewhere: what is under a
// hole, NaN included, is never read into a product. A plain convolution passes no mask and no scale.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

// Kernel and Stride are known to the compiler where a layer calls; 0 and 0: those of the problem.

/// y = scale * (select(x, valid) * w) + b; see the head of this file.
/// x [N, H, W, I] with any pixel stride; valid [N, H, W, G] or none; weight [K, K, I, O]; bias [O]
/// or null; scale [N, H', W'] or null; y [N, H', W', O] with any pixel stride; workspace:
/// conv2d_forward_workspace bytes.
template <int Kernel, int Stride, class T>
void conv2d_forward(const Context<Cpu>&, const Conv2dProblem&, View<const T> x, ValidView valid,
                    const T* weight, const T* bias, const T* scale, View<T> y,
                    std::byte* workspace);
template <int Kernel, int Stride, class T>
void conv2d_forward(const Context<Cuda>&, const Conv2dProblem&, View<const T> x, ValidView valid,
                    const T* weight, const T* bias, const T* scale, View<T> y,
                    std::byte* workspace);

/// dx (assigned) from dy, weight and scale; 0 under holes.
template <int Kernel, int Stride, class T>
void conv2d_backward_input(const Context<Cpu>&, const Conv2dProblem&, View<const T> dy,
                           ValidView valid, const T* weight, const T* scale, View<T> dx,
                           std::byte* workspace);
template <int Kernel, int Stride, class T>
void conv2d_backward_input(const Context<Cuda>&, const Conv2dProblem&, View<const T> dy,
                           ValidView valid, const T* weight, const T* scale, View<T> dx,
                           std::byte* workspace);

/// dweight [K, K, I, O] and dbias [O] (either may be null) are added to (+=).
template <int Kernel, int Stride, class T>
void conv2d_backward_weight(const Context<Cpu>&, const Conv2dProblem&, View<const T> x,
                            ValidView valid, View<const T> dy, const T* scale, T* dweight, T* dbias,
                            std::byte* workspace);
template <int Kernel, int Stride, class T>
void conv2d_backward_weight(const Context<Cuda>&, const Conv2dProblem&, View<const T> x,
                            ValidView valid, View<const T> dy, const T* scale, T* dweight, T* dbias,
                            std::byte* workspace);

/// Scratch bytes, by shape and scalar alone (never by the number of threads): usable in constant
/// expressions.
template <class T>
constexpr std::size_t conv2d_forward_workspace(const Conv2dProblem&);
template <class T>
constexpr std::size_t conv2d_backward_input_workspace(const Conv2dProblem&);
template <class T>
constexpr std::size_t conv2d_backward_weight_workspace(const Conv2dProblem&);

/// The mask path of a partial convolution: with c_g channels per group and box_g = number of valid
/// pixels of plane g in the window (padding counts as hole),
///   sum        = sum_g c_g * box_g
///   scale[n,p] = K*K*I / sum where sum > 0, else 0;   y_valid[n,p] = [sum > 0]   (one plane).
template <class T>
void partial_conv2d_mask(const Context<Cpu>&, const Conv2dProblem&, ValidView x_valid, T* scale,
                         MutableValidView y_valid);
template <class T>
void partial_conv2d_mask(const Context<Cuda>&, const Conv2dProblem&, ValidView x_valid, T* scale,
                         MutableValidView y_valid);

}  // namespace tessera::kernels

#ifdef TESSERA_COMPILED
#include <tessera/kernels/library/conv2d.hpp>
#else
#include <tessera/kernels/cpu/conv2d.hpp>
#endif
