// SPDX-License-Identifier: BSD-3-Clause
// Matrix products of a GPU by cuBLAS; by the host's BLAS where tests emulate the GPU.
#pragma once
#include <cstddef>
#include <type_traits>

#include <tessera/cuda/precision.hpp>
#include <tessera/cuda/runtime.hpp>
#ifdef TESSERA_CUDA_EMULATE
#include <cblas.h>
#else
#include <cublas_v2.h>
#endif

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

#ifdef TESSERA_CUDA_EMULATE

class Blas {
 public:
  void open(const runtime::Stream&) {}
  template <class T>
  void gemm(const runtime::Stream& stream, Precision precision, bool ta, bool tb, long m, long n,
            long k, T alpha, const T* a, long lda, const T* b, long ldb, T beta, T* c, long ldc) {
    gemm_strided_batched(stream, precision, ta, tb, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c,
                         ldc, 0, 1);
  }
  template <class T>
  void gemm_strided_batched(const runtime::Stream& stream, Precision, bool ta, bool tb, long m,
                            long n, long k, T alpha, const T* a, long lda, long step_a, const T* b,
                            long ldb, long step_b, T beta, T* c, long ldc, long step_c,
                            long count) {
    stream.put([=] {
      const auto t = [](bool transposed) { return transposed ? CblasTrans : CblasNoTrans; };
      const auto i = [](long v) { return static_cast<int>(v); };
      for (long p = 0; p < count; ++p)
        if constexpr (std::is_same_v<T, float>)
          cblas_sgemm(CblasRowMajor, t(ta), t(tb), i(m), i(n), i(k), alpha, a + p * step_a, i(lda),
                      b + p * step_b, i(ldb), beta, c + p * step_c, i(ldc));
        else
          cblas_dgemm(CblasRowMajor, t(ta), t(tb), i(m), i(n), i(k), alpha, a + p * step_a, i(lda),
                      b + p * step_b, i(ldb), beta, c + p * step_c, i(ldc));
    });
  }
};

#else

inline void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw DeviceError(text({"cuBLAS: ", what, " failed: ", cublasGetStatusString(status)}));
}

/// How products of T are computed.
template <class T>
constexpr cublasComputeType_t compute_type(Precision precision) {
  if constexpr (std::is_same_v<T, double>) return CUBLAS_COMPUTE_64F;
  else
    return precision == Precision::tf32   ? CUBLAS_COMPUTE_32F_FAST_TF32
           : precision == Precision::bf16 ? CUBLAS_COMPUTE_32F_FAST_16BF
                                          : CUBLAS_COMPUTE_32F;
}
inline cublasOperation_t operation(bool transposed) {
  return transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
}

/// A cuBLAS handle, made when it is first asked for.
class Blas {
 public:
  Blas() = default;
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;
  ~Blas() {
    if (handle_) {
      const std::scoped_lock alone(runtime::recording_or_waiting);
      cublasDestroy(handle_);  // waits for the GPU
    }
    if (workspace_) runtime::release(workspace_);
  }

  /// Makes the handle; not while a graph is recorded.
  void open(const runtime::Stream& stream) {
    if (ready_) return;
    if (!workspace_) workspace_ = runtime::allocate(workspace_bytes);  // its own: graphs repeat
    if (!handle_) check(cublasCreate(&handle_), "making a handle");
    check(cublasSetStream(handle_, stream.handle()), "setting the stream");
    check(cublasSetWorkspace(handle_, workspace_, workspace_bytes), "setting the workspace");
    ready_ = true;
  }

  /// Row-major C[m,n] = alpha op(A) op(B) + beta C. cuBLAS takes columns: the transpose of it all.
  template <class T>
  void gemm(const runtime::Stream& stream, Precision precision, bool ta, bool tb, long m, long n,
            long k, T alpha, const T* a, long lda, const T* b, long ldb, T beta, T* c, long ldc) {
    open(stream);
    constexpr auto type = std::is_same_v<T, float> ? CUDA_R_32F : CUDA_R_64F;
    check(cublasGemmEx_64(handle_, operation(tb), operation(ta), n, m, k, &alpha, b, type, ldb, a,
                          type, lda, &beta, c, type, ldc, compute_type<T>(precision),
                          CUBLAS_GEMM_DEFAULT),
          "a matrix product");
  }

  /// The same for `count` products; the matrices of each lie step_a, step_b and step_c elements
  /// behind those of the one before it.
  template <class T>
  void gemm_strided_batched(const runtime::Stream& stream, Precision precision, bool ta, bool tb,
                            long m, long n, long k, T alpha, const T* a, long lda, long step_a,
                            const T* b, long ldb, long step_b, T beta, T* c, long ldc, long step_c,
                            long count) {
    open(stream);
    constexpr auto type = std::is_same_v<T, float> ? CUDA_R_32F : CUDA_R_64F;
    check(cublasGemmStridedBatchedEx_64(handle_, operation(tb), operation(ta), n, m, k, &alpha, b,
                                        type, ldb, step_b, a, type, lda, step_a, &beta, c, type,
                                        ldc, step_c, count, compute_type<T>(precision),
                                        CUBLAS_GEMM_DEFAULT),
          "a batch of matrix products");
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;
  cublasHandle_t handle_ = nullptr;
  void* workspace_ = nullptr;
  bool ready_ = false;
};

#endif

}  // namespace tessera::cuda
