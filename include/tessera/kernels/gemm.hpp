// SPDX-License-Identifier: BSD-3-Clause
// Matrix product, the one entry point for everything shaped like it (linear layers, LSTM,
// channel-wise layers, attention). All matrices are row-major.
//
//   C = alpha * op(A) op(B) + beta * C,    op(A) [m, k], op(B) [k, n], C [m, n]
#pragma once
#include <cstddef>
#include <type_traits>

#include <tessera/kernels/transpose.hpp>
#include <tessera/tensor/context.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// C = alpha * op(A) op(B) + beta * C. A lies as [m, k] with rows lda elements apart, transposed as
/// [k, m]; B as [k, n] or [n, k]; C as [m, n] with rows ldc apart. beta = 0 never reads C; k = 0
/// only scales it. T is float or double. The bits depend on the shape alone, not on the threads.
template <class T>
void gemm(const Context<Cpu>&, Transpose ta, Transpose tb, std::ptrdiff_t m, std::ptrdiff_t n,
          std::ptrdiff_t k, std::type_identity_t<T> alpha, const T* A, std::ptrdiff_t lda,
          const T* B, std::ptrdiff_t ldb, std::type_identity_t<T> beta, T* C, std::ptrdiff_t ldc);
template <class T>
void gemm(const Context<Cuda>&, Transpose ta, Transpose tb, std::ptrdiff_t m, std::ptrdiff_t n,
          std::ptrdiff_t k, std::type_identity_t<T> alpha, const T* A, std::ptrdiff_t lda,
          const T* B, std::ptrdiff_t ldb, std::type_identity_t<T> beta, T* C, std::ptrdiff_t ldc);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/gemm.hpp>
#endif
