// SPDX-License-Identifier: BSD-3-Clause
// What kernel texts call beyond CUDA C++ itself, as device code: plain text without includes, with
// PTX for what has no name in the language. sm_80 or newer.
// <tessera/cuda/emulation/intrinsics.hpp> has the same functions for the CPU, with their contracts.
#pragma once
#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

inline constexpr const char* intrinsics_text = R"cuda(
#define TESSERA_CUDA_UNROLL _Pragma("unroll")

namespace tessera::cuda {

template <class T> struct same_type { using type = T; };

namespace math {
__device__ __forceinline__ float exp(float x) { return ::expf(x); }
__device__ __forceinline__ double exp(double x) { return ::exp(x); }
__device__ __forceinline__ float expm1(float x) { return ::expm1f(x); }
__device__ __forceinline__ double expm1(double x) { return ::expm1(x); }
__device__ __forceinline__ float log(float x) { return ::logf(x); }
__device__ __forceinline__ double log(double x) { return ::log(x); }
__device__ __forceinline__ float log1p(float x) { return ::log1pf(x); }
__device__ __forceinline__ double log1p(double x) { return ::log1p(x); }
__device__ __forceinline__ float sqrt(float x) { return ::sqrtf(x); }
__device__ __forceinline__ double sqrt(double x) { return ::sqrt(x); }
__device__ __forceinline__ float rsqrt(float x) { return ::rsqrtf(x); }
__device__ __forceinline__ double rsqrt(double x) { return ::rsqrt(x); }
__device__ __forceinline__ float tanh(float x) { return ::tanhf(x); }
__device__ __forceinline__ double tanh(double x) { return ::tanh(x); }
__device__ __forceinline__ float erf(float x) { return ::erff(x); }
__device__ __forceinline__ double erf(double x) { return ::erf(x); }
__device__ __forceinline__ float pow(float x, float y) { return ::powf(x, y); }
__device__ __forceinline__ double pow(double x, double y) { return ::pow(x, y); }
__device__ __forceinline__ float floor(float x) { return ::floorf(x); }
__device__ __forceinline__ double floor(double x) { return ::floor(x); }
__device__ __forceinline__ float abs(float x) { return ::fabsf(x); }
__device__ __forceinline__ double abs(double x) { return ::fabs(x); }
__device__ __forceinline__ bool is_nan(float x) { return x != x; }
__device__ __forceinline__ bool is_nan(double x) { return x != x; }
__device__ __forceinline__ bool is_finite(float x) { return x - x == 0.0f; }
__device__ __forceinline__ bool is_finite(double x) { return x - x == 0.0; }
template <class T>
__device__ __forceinline__ T max(T a, typename same_type<T>::type b) {
  return a > b || a != a ? a : b;
}
template <class T>
__device__ __forceinline__ T min(T a, typename same_type<T>::type b) {
  return a < b || a != a ? a : b;
}
}  // namespace math

template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char memory[];
  return reinterpret_cast<T*>(memory);
}

template <class T>
__device__ __forceinline__ T load_readonly(const T* from) { return __ldg(from); }

// --- warp ---------------------------------------------------------------------------------------
// exchange(word) of each 32-bit word of v: the hardware knows no other values.
template <class T, class Exchange>
__device__ __forceinline__ T by_words(T v, const Exchange& exchange) {
  static_assert(sizeof(T) <= 8 && __is_trivially_copyable(T));
  unsigned words[sizeof(T) > 4 ? 2 : 1]{};
  memcpy(words, &v, sizeof v);
  for (unsigned& word : words) word = exchange(word);
  memcpy(&v, words, sizeof v);
  return v;
}
template <class T>
__device__ __forceinline__ T shuffle(T v, int lane) {
  return by_words(v, [=](unsigned word) { return __shfl_sync(0xFFFFFFFFu, word, lane); });
}
template <class T>
__device__ __forceinline__ T shuffle_xor(T v, int lane_mask) {
  return by_words(v, [=](unsigned word) { return __shfl_xor_sync(0xFFFFFFFFu, word, lane_mask); });
}
template <class T>
__device__ __forceinline__ T shuffle_down(T v, int delta) {
  return by_words(v, [=](unsigned word) {
    return __shfl_down_sync(0xFFFFFFFFu, word, static_cast<unsigned>(delta));
  });
}

// --- numbers ------------------------------------------------------------------------------------
__device__ __forceinline__ unsigned to_tf32(float x) {
  unsigned y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
  return y;
}
__device__ __forceinline__ unsigned pack_bf16(float low, float high) {
  unsigned y;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
  return y;
}
__device__ __forceinline__ float bf16_low(unsigned pair) { return __uint_as_float(pair << 16); }
__device__ __forceinline__ float bf16_high(unsigned pair) {
  return __uint_as_float(pair & 0xFFFF0000u);
}
__device__ __forceinline__ void philox4(unsigned long key, unsigned long stream, unsigned long i,
                                        unsigned (&out)[4]) {
  unsigned c0 = static_cast<unsigned>(i), c1 = static_cast<unsigned>(i >> 32);
  unsigned c2 = static_cast<unsigned>(stream), c3 = static_cast<unsigned>(stream >> 32);
  unsigned k0 = static_cast<unsigned>(key), k1 = static_cast<unsigned>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const unsigned a = __umulhi(0xD2511F53u, c0), b = __umulhi(0xCD9E8D57u, c2);
    const unsigned low_a = 0xD2511F53u * c0, low_b = 0xCD9E8D57u * c2;
    c0 = b ^ c1 ^ k0;
    c1 = low_b;
    c2 = a ^ c3 ^ k1;
    c3 = low_a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}

// --- tensor cores -------------------------------------------------------------------------------
__device__ __forceinline__ void mma_bf16(float (&d)[4], const unsigned (&a)[4],
                                         const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void mma_tf32(float (&d)[4], const unsigned (&a)[4],
                                         const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ unsigned shared_address(const void* shared) {
  return static_cast<unsigned>(__cvta_generic_to_shared(shared));
}
__device__ __forceinline__ void load_matrix_x4(unsigned (&r)[4], const void* shared_row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(shared_row)) : "memory");
}
__device__ __forceinline__ void load_matrix_x4_transposed(unsigned (&r)[4],
                                                          const void* shared_row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(shared_row)) : "memory");
}
__device__ __forceinline__ void load_matrix_x2(unsigned (&r)[2], const void* shared_row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1]) : "r"(shared_address(shared_row)) : "memory");
}
__device__ __forceinline__ void load_matrix_x2_transposed(unsigned (&r)[2],
                                                          const void* shared_row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1]) : "r"(shared_address(shared_row)) : "memory");
}

// --- copies that run beside the threads ---------------------------------------------------------
__device__ __forceinline__ void copy_async_16(void* shared, const void* global, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :: "r"(shared_address(shared)), "l"(global), "r"(valid ? 16 : 0) : "memory");
}
__device__ __forceinline__ void copy_async_4(void* shared, const void* global, bool valid) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
               :: "r"(shared_address(shared)), "l"(global), "r"(valid ? 4 : 0) : "memory");
}
__device__ __forceinline__ void copy_async_commit() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int N>
__device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" :: "n"(N) : "memory");
}

}  // namespace tessera::cuda

namespace tessera::pointwise {

// The functions of <tessera/tensor/pointwise_functions.hpp>, for scalars.
struct Functions {
  template <class T> __device__ static T constant(double value) { return static_cast<T>(value); }
  __device__ static float exp(float x) { return ::expf(x); }
  __device__ static double exp(double x) { return ::exp(x); }
  __device__ static float expm1(float x) { return ::expm1f(x); }
  __device__ static double expm1(double x) { return ::expm1(x); }
  __device__ static float log(float x) { return ::logf(x); }
  __device__ static double log(double x) { return ::log(x); }
  __device__ static float log1p(float x) { return ::log1pf(x); }
  __device__ static double log1p(double x) { return ::log1p(x); }
  __device__ static double pow(double x, double y) { return ::pow(x, y); }
  __device__ static float sqrt(float x) { return ::sqrtf(x); }
  __device__ static double sqrt(double x) { return ::sqrt(x); }
  __device__ static float tanh(float x) { return ::tanhf(x); }
  __device__ static double tanh(double x) { return ::tanh(x); }
  __device__ static float erf(float x) { return ::erff(x); }
  __device__ static double erf(double x) { return ::erf(x); }
  __device__ static float abs(float x) { return ::fabsf(x); }
  __device__ static double abs(double x) { return ::fabs(x); }
  template <class T> __device__ static T sigmoid(const T& x) { return T(1) / (T(1) + exp(-x)); }
  __device__ static float select(bool condition, float a, float b) { return condition ? a : b; }
  __device__ static double select(bool condition, double a, double b) { return condition ? a : b; }
  __device__ static bool is_nan(float x) { return x != x; }
  __device__ static bool is_nan(double x) { return x != x; }
  template <class T>
  __device__ static T max(const T& a, const typename tessera::cuda::same_type<T>::type& b) {
    return tessera::cuda::math::max(a, b);
  }
  template <class T>
  __device__ static T min(const T& a, const typename tessera::cuda::same_type<T>::type& b) {
    return tessera::cuda::math::min(a, b);
  }
};

}  // namespace tessera::pointwise
)cuda";

}  // namespace tessera::cuda
