// SPDX-License-Identifier: BSD-3-Clause
// Gram matrices on a GPU, by matrix products: one for each block of C x C elements. The pixels of
// an image are the rows of a matrix whatever their stride.
#pragma once
#include <tessera/cuda/context.hpp>
#include <tessera/kernels/gram.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void gram(const Context<Cuda>& context, std::type_identity_t<View<const T>> x, int together,
                 T* G) {
  cuda::Engine& engine = context.engine();
  if (engine.preparing()) return engine.blas().open(engine.stream());
  const long c = x.channels, side = together * c, pixels = long{x.height} * x.width;
  for (int n = 0; n < x.batch; ++n)
    for (int j = 0; j < together; ++j) {
      const int group = n / together, i = n % together;
      engine.blas().gemm(engine.stream(), context.precision, true, false, c, c, pixels, T(1),
                         x.pixel(n, 0, 0), x.stride, x.pixel(group * together + j, 0, 0), x.stride,
                         T(0), G + (group * side + i * c) * side + j * c, side);
    }
}

template <class T>
inline void gram_backward(const Context<Cuda>& context, std::type_identity_t<View<const T>> x,
                          int together, const std::type_identity_t<T>* S, View<T> dx) {
  cuda::Engine& engine = context.engine();
  if (engine.preparing()) return engine.blas().open(engine.stream());
  const long c = x.channels, side = together * c, pixels = long{x.height} * x.width;
  for (int n = 0; n < x.batch; ++n)
    for (int j = 0; j < together; ++j) {
      const int group = n / together, i = n % together;
      engine.blas().gemm(engine.stream(), context.precision, false, false, pixels, c, c, T(2),
                         x.pixel(group * together + j, 0, 0), x.stride,
                         S + (group * side + j * c) * side + i * c, side, T(1), dx.pixel(n, 0, 0),
                         dx.stride);
    }
}

}  // namespace tessera::kernels
