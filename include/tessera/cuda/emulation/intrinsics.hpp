// SPDX-License-Identifier: BSD-3-Clause
// The intrinsics of kernel texts in emulation: fragments as the PTX ISA lays them out, and copies
// that arrive as late as they may. <tessera/cuda/detail/intrinsics.hpp> has the same for the GPU.
#pragma once
#include <bit>
#include <cstdint>

#include <tessera/cuda/emulation/emulation.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/tensor/pointwise_functions.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// --- numbers -----------------------------------------------------------------------------------

/// x with 10 bits of mantissa, rounded to nearest, ties away from zero; as the bits of a float.
inline unsigned to_tf32(float x) {
  const unsigned bits = std::bit_cast<unsigned>(x);
  if ((bits & 0x7F800000u) == 0x7F800000u)  // infinity stays, NaN is PTX's one NaN
    return (bits & 0x007FFFFFu) == 0 ? bits : 0x7FFFFFFFu;
  return (bits + 0x1000u) & 0xFFFFE000u;
}

namespace emulation {
/// The bits of x rounded to bfloat16, to nearest, ties to even; NaN is PTX's one NaN.
inline unsigned bf16_bits(float x) {
  const unsigned bits = std::bit_cast<unsigned>(x);
  if (is_nan(x)) return 0x7FFFu;
  return (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
}
}  // namespace emulation

/// Two numbers rounded to bfloat16 in one word.
inline unsigned pack_bf16(float low, float high) {
  return emulation::bf16_bits(high) << 16 | emulation::bf16_bits(low);
}
inline float bf16_low(unsigned pair) { return std::bit_cast<float>(pair << 16); }
inline float bf16_high(unsigned pair) { return std::bit_cast<float>(pair & 0xFFFF0000u); }

/// Block i of stream `stream` under `key`: the words of tessera::philox.
inline void philox4(unsigned long key, unsigned long stream, unsigned long i, unsigned (&out)[4]) {
  const auto words = philox(key, stream, i);
  for (std::size_t k = 0; k < 4; ++k) out[k] = words[k];
}

// --- tensor cores ------------------------------------------------------------------------------
// Of lane l = 4 g + t, g = l / 4 and t = l % 4. All 32 lanes call.

namespace emulation {
struct Fragments {
  unsigned a[4], b[2];
};

/// d += A B. The lane gathers rows g and g + 8 of A and columns 2t and 2t + 1 of B. In both kinds
/// of fragments, words a[2 j + h] and b[j] of the four lanes q of a group make up row h and the
/// column; unpack(word, q, j, to) puts the numbers of one word to their places k.
template <int K, class Unpack>
inline void multiply_fragments(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                               const Unpack& unpack) {
  Fragments own;
  std::memcpy(own.a, a, sizeof a);
  std::memcpy(own.b, b, sizeof b);
  const Lanes<Fragments> lanes = exchange(own);
  const unsigned g = this_thread->lane / 4, t = this_thread->lane % 4;
  float rows[2][K], columns[2][K];
  for (unsigned q = 0; q < 4; ++q) {
    const Fragments of_rows = lanes[4 * g + q];
    for (unsigned h = 0; h < 2; ++h) {
      const Fragments of_column = lanes[4 * (2 * t + h) + q];
      for (unsigned j = 0; j < 2; ++j) {
        unpack(of_rows.a[2 * j + h], q, j, rows[h]);
        unpack(of_column.b[j], q, j, columns[h]);
      }
    }
  }
  for (unsigned k = 0; k < K; ++k)
    for (unsigned i = 0; i < 4; ++i) d[i] += rows[i / 2][k] * columns[i % 2][k];
}
}  // namespace emulation

/// D += A B in float32 for A [16, 16], B [16, 8] of bfloat16, two to a word, the lower index in the
/// low half. Lane: a = A[g][2t..], A[g + 8][2t..], A[g][2t + 8..], A[g + 8][2t + 8..];
/// b = B[2t..][g], B[2t + 8..][g]; d = D[g][2t], D[g][2t + 1], D[g + 8][2t], D[g + 8][2t + 1].
inline void mma_bf16(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  emulation::multiply_fragments<16>(d, a, b, [](unsigned pair, unsigned q, unsigned j, float* to) {
    to[8 * j + 2 * q] = bf16_low(pair);
    to[8 * j + 2 * q + 1] = bf16_high(pair);
  });
}

/// D += A B in float32 for A [16, 8], B [8, 8] of TF32 (see to_tf32). Lane: a = A[g][t],
/// A[g + 8][t], A[g][t + 4], A[g + 8][t + 4]; b = B[t][g], B[t + 4][g]; d as in mma_bf16.
inline void mma_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  emulation::multiply_fragments<8>(d, a, b, [](unsigned bits, unsigned q, unsigned j, float* to) {
    to[4 * j + q] = std::bit_cast<float>(bits & 0xFFFFE000u);  // a tensor core sees no more of it
  });
}

namespace emulation {
inline void check_alignment(const void* pointer, std::uintptr_t bytes, const char* what) {
  if (reinterpret_cast<std::uintptr_t>(pointer) % bytes != 0)
    throw Error(text({"emulated kernel: ", what, ": an address that is no multiple of ", bytes}));
}

/// N matrices [8, 8] of 16-bit numbers. The rows are read here, before the exchange, as the GPU
/// reads them for all lanes at once.
template <int N>
inline void load_matrices(unsigned (&r)[N], const void* shared_row, bool transposed) {
  struct Row {
    std::uint16_t numbers[8];
  } own{};
  if (this_thread->lane < 8 * N) {
    check_alignment(shared_row, 16, "load_matrix");
    std::memcpy(&own, shared_row, sizeof own);
  }
  const Lanes<Row> rows = exchange(own);
  const unsigned g = this_thread->lane / 4, t = this_thread->lane % 4;
  for (unsigned m = 0; m < N; ++m) {
    const unsigned low =
        transposed ? rows[8 * m + 2 * t].numbers[g] : rows[8 * m + g].numbers[2 * t];
    const unsigned high =
        transposed ? rows[8 * m + 2 * t + 1].numbers[g] : rows[8 * m + g].numbers[2 * t + 1];
    r[m] = high << 16 | low;
  }
}
}  // namespace emulation

/// Matrices [8, 8] of 16-bit numbers from shared memory: lane 8 m + i gives the address of row i of
/// matrix m (16 bytes, aligned to 16; x2 reads those of lanes 0 to 15); r[m] = M[g][2t],
/// M[g][2t + 1], transposed M[2t][g], M[2t + 1][g], the first in the low half.
inline void load_matrix_x4(unsigned (&r)[4], const void* shared_row) {
  emulation::load_matrices(r, shared_row, false);
}
inline void load_matrix_x4_transposed(unsigned (&r)[4], const void* shared_row) {
  emulation::load_matrices(r, shared_row, true);
}
inline void load_matrix_x2(unsigned (&r)[2], const void* shared_row) {
  emulation::load_matrices(r, shared_row, false);
}
inline void load_matrix_x2_transposed(unsigned (&r)[2], const void* shared_row) {
  emulation::load_matrices(r, shared_row, true);
}

// --- copies that run beside the threads --------------------------------------------------------

namespace emulation {
/// From here until its wait the copy may arrive at any time: what is read of it in between is NaN,
/// and the source is read at the end.
inline void start_copy(void* shared, const void* global, bool valid, std::size_t bytes) {
  check_alignment(shared, bytes, "copy_async: shared memory");
  if (valid) check_alignment(global, bytes, "copy_async: global memory");
  std::memset(shared, 0xFF, bytes);
  this_thread->copies.push_back({static_cast<std::byte*>(shared),
                                 valid ? static_cast<const std::byte*>(global) : nullptr, bytes});
}
}  // namespace emulation

/// Starts a copy of 16 bytes from global to shared memory, both aligned to 16; zeros where not
/// valid, and `global` is not read. The thread has them behind copy_async_wait, others behind a
/// barrier more.
inline void copy_async_16(void* shared, const void* global, bool valid) {
  emulation::start_copy(shared, global, valid, 16);
}
/// The same for 4 bytes.
inline void copy_async_4(void* shared, const void* global, bool valid) {
  emulation::start_copy(shared, global, valid, 4);
}
/// The thread's copies since the last commit are a group.
inline void copy_async_commit() {
  emulation::this_thread->groups.push_back(emulation::this_thread->copies.size());
}
/// Waits for all groups of the thread except the N latest.
template <int N>
inline void copy_async_wait() {
  auto& [warp, lane, exchanges, copies, groups] = *emulation::this_thread;
  if (groups.size() <= N) return;
  const auto arrived = static_cast<std::ptrdiff_t>(groups[groups.size() - N - 1]);
  for (auto copy = copies.begin(); copy != copies.begin() + arrived; ++copy)
    if (copy->from) std::memcpy(copy->to, copy->from, copy->bytes);
    else std::memset(copy->to, 0, copy->bytes);
  copies.erase(copies.begin(), copies.begin() + arrived);
  groups.erase(groups.begin(), groups.end() - N);
  for (std::size_t& end : groups) end -= static_cast<std::size_t>(arrived);
}

}  // namespace tessera::cuda
