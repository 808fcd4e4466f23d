// SPDX-License-Identifier: BSD-3-Clause
// Gram matrices on the CPU, by matrix products: one task is a block of C x C elements, backward one
// image. The pixels of an image are the rows of a matrix whatever their stride.
#pragma once
#include <tessera/kernels/cpu/gemm.hpp>
#include <tessera/kernels/gram.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void gram(const Context<Cpu>& context, std::type_identity_t<View<const T>> x, int together,
                 T* G) {
  const std::ptrdiff_t c = x.channels, side = together * c;
  const std::ptrdiff_t blocks = std::ptrdiff_t{together} * together;
  const std::ptrdiff_t tasks = x.batch / together * blocks;
  const Context<Cpu> inner{tasks > 1 ? 1 : context.threads};
  parallel_for(context, tasks, [&](std::ptrdiff_t task) {
    const std::ptrdiff_t group = task / blocks;
    const std::ptrdiff_t i = task % blocks / together, j = task % together;
    const T* const a = x.pixel(static_cast<int>(group * together + i), 0, 0);
    const T* const b = x.pixel(static_cast<int>(group * together + j), 0, 0);
    gemm(inner, Transpose::yes, Transpose::no, c, c, std::ptrdiff_t{x.height} * x.width, 1, a,
         x.stride, b, x.stride, 0, G + (group * side + i * c) * side + j * c, side);
  });
}

template <class T>
inline void gram_backward(const Context<Cpu>& context, std::type_identity_t<View<const T>> x,
                          int together, const std::type_identity_t<T>* S, View<T> dx) {
  const std::ptrdiff_t c = x.channels, side = together * c;
  const Context<Cpu> inner{x.batch > 1 ? 1 : context.threads};
  parallel_for(context, x.batch, [&](std::ptrdiff_t n) {
    const std::ptrdiff_t group = n / together, i = n % together;
    for (std::ptrdiff_t j = 0; j < together; ++j)
      gemm(inner, Transpose::no, Transpose::no, std::ptrdiff_t{x.height} * x.width, c, c, 2,
           x.pixel(static_cast<int>(group * together + j), 0, 0), x.stride,
           S + (group * side + j * c) * side + i * c, side, 1, dx.pixel(static_cast<int>(n), 0, 0),
           dx.stride);
  });
}

}  // namespace tessera::kernels
