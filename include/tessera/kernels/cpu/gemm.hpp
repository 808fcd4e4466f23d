// SPDX-License-Identifier: BSD-3-Clause
// Matrix product on the CPU: C is cut into blocks by shape alone, blocks are spread over threads,
// and each block is one call of a single-threaded product. OpenBLAS is set to one thread, once,
// when the first product runs: with more it would give other bits, and threads would fight for the
// cores.
#pragma once
#include <algorithm>
#include <string_view>

#include <cblas.h>

#include <tessera/kernels/cpu/packed_gemm.hpp>
#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/gemm.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// Whether a BLAS kernel set of this name uses the vectors this program was compiled for. OpenBLAS
/// that does not know a processor falls back to an older type, at half the speed.
constexpr bool blas_core_suffices([[maybe_unused]] std::string_view core) {
#if defined(__AVX512F__)
  return core == "SkylakeX" || core == "Cooperlake" || core == "SapphireRapids";
#elif defined(__AVX2__)
  return core == "Haswell" || core == "Zen" || core == "SkylakeX" || core == "Cooperlake" ||
         core == "SapphireRapids";
#else
  return true;
#endif
}

/// Sets BLAS to one thread and decides whether to use it; the same answer every time on a machine.
inline bool use_blas() {
  static const bool answer = [] {
#if defined(OPENBLAS_VERSION)
    openblas_set_num_threads(1);
    return blas_core_suffices(openblas_get_corename());
#else
    return true;
#endif
  }();
  return answer;
}

/// One block by BLAS.
inline void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, float alpha,
                      const float* A, int lda, const float* B, int ldb, float beta, float* C,
                      int ldc) {
  cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
}
inline void blas_gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, double alpha,
                      const double* A, int lda, const double* B, int ldb, double beta, double* C,
                      int ldc) {
  cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
}

/// Rows and columns of a block of C: large enough to hide the packing, small enough for many cores.
struct GemmBlock {
  std::ptrdiff_t rows, columns;
};
constexpr GemmBlock gemm_block(std::ptrdiff_t m, std::ptrdiff_t n) {
  const std::ptrdiff_t columns = std::min<std::ptrdiff_t>(n, 384);
  const std::ptrdiff_t rows = std::max<std::ptrdiff_t>(192, 73728 / columns / 192 * 192);
  return {std::min(m, rows), columns};
}
}  // namespace detail

/// gemm with the choice of product made by the caller; for tests and measurements.
template <class T>
inline void gemm_with(bool blas, const Context<Cpu>& context, Transpose ta, Transpose tb,
                      std::ptrdiff_t m, std::ptrdiff_t n, std::ptrdiff_t k, T alpha, const T* A,
                      std::ptrdiff_t lda, const T* B, std::ptrdiff_t ldb, T beta, T* C,
                      std::ptrdiff_t ldc) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    for (std::ptrdiff_t i = 0; i < m; ++i)
      for (std::ptrdiff_t j = 0; j < n; ++j)
        C[i * ldc + j] = beta == T(0) ? T(0) : beta * C[i * ldc + j];
    return;
  }
  const auto block = detail::gemm_block(m, n);
  const std::ptrdiff_t across = ceil_div(n, block.columns);
  const detail::GemmOperand<T> a(A, lda, ta), b(B, ldb, tb);
  parallel_for(context, ceil_div(m, block.rows) * across, [&](std::ptrdiff_t task) {
    const std::ptrdiff_t i = task / across * block.rows, j = task % across * block.columns;
    const std::ptrdiff_t rows = std::min(block.rows, m - i);
    const std::ptrdiff_t columns = std::min(block.columns, n - j);
    detail::GemmOperand<T> ai = a, bj = b;
    ai.data = a.at(i, 0), bj.data = b.at(0, j);
    T* c = C + i * ldc + j;
    if (!blas) return detail::packed_gemm(rows, columns, k, alpha, ai, bj, beta, c, ldc);
    detail::blas_gemm(ta == Transpose::no ? CblasNoTrans : CblasTrans,
                      tb == Transpose::no ? CblasNoTrans : CblasTrans, static_cast<int>(rows),
                      static_cast<int>(columns), static_cast<int>(k), alpha, ai.data,
                      static_cast<int>(lda), bj.data, static_cast<int>(ldb), beta, c,
                      static_cast<int>(ldc));
  });
}

template <class T>
inline void gemm(const Context<Cpu>& context, Transpose ta, Transpose tb, std::ptrdiff_t m,
                 std::ptrdiff_t n, std::ptrdiff_t k, std::type_identity_t<T> alpha, const T* A,
                 std::ptrdiff_t lda, const T* B, std::ptrdiff_t ldb, std::type_identity_t<T> beta,
                 T* C, std::ptrdiff_t ldc) {
  gemm_with(detail::use_blas(), context, ta, tb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc);
}

}  // namespace tessera::kernels
