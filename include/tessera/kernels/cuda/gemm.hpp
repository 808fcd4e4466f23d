// SPDX-License-Identifier: BSD-3-Clause
// Matrix product on a GPU: cuBLAS.
#pragma once
#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/gemm.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(gemm_text, (&elements_text),
  // What is left of a matrix product without terms.
  template <class T>
  __global__ void scale_matrix(T* c, long rows, long columns, long step, T beta) {
    for (long e = first_element(); e < rows * columns; e += element_step()) {
      T& v = c[e / columns * step + e % columns];
      v = beta == T(0) ? T(0) : beta * v;
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void gemm(const Context<Cuda>& context, Transpose ta, Transpose tb, std::ptrdiff_t m,
                 std::ptrdiff_t n, std::ptrdiff_t k, std::type_identity_t<T> alpha, const T* A,
                 std::ptrdiff_t lda, const T* B, std::ptrdiff_t ldb, std::type_identity_t<T> beta,
                 T* C, std::ptrdiff_t ldc) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0)
    return cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::gemm_text, scale_matrix, (T), ()),
                             m * n, C, static_cast<long>(m), static_cast<long>(n),
                             static_cast<long>(ldc), beta);
  cuda::Engine& engine = context.engine();
  if (engine.preparing()) return engine.blas().open(engine.stream());
  engine.blas().gemm(engine.stream(), context.precision, ta == Transpose::yes, tb == Transpose::yes,
                     m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
}

}  // namespace tessera::kernels
