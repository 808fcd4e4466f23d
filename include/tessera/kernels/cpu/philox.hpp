// SPDX-License-Identifier: BSD-3-Clause
// Philox words in bulk: one lane of a vector is one block. A lane holds 32 bits in its lower half;
// what a round leaves in the upper half is never read.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/kernels/cpu/simd.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

inline constexpr std::size_t philox_bytes = sizeof(simd::Vector<double>);
typedef std::uint64_t PhiloxLanes __attribute__((vector_size(philox_bytes)));

/// The lower half of each lane times a constant: 64 bits.
inline PhiloxLanes philox_multiply(PhiloxLanes a, std::uint32_t constant) {
#if defined(__AVX512F__)
  return reinterpret_cast<PhiloxLanes>(
      _mm512_mul_epu32(reinterpret_cast<__m512i>(a), _mm512_set1_epi64(std::int64_t{constant})));
#elif defined(__AVX2__)
  return reinterpret_cast<PhiloxLanes>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), _mm256_set1_epi64x(std::int64_t{constant})));
#else
  return (a & 0xFFFFFFFFu) * constant;
#endif
}

}  // namespace detail

/// Blocks computed at once.
inline constexpr std::ptrdiff_t philox_blocks = detail::philox_bytes / sizeof(std::uint64_t);

/// words[4 i .. 4 i + 3] = philox(key, stream, first + i) for i in [0, philox_blocks); first is a
/// multiple of philox_blocks.
inline void philox_words(std::uint64_t key, std::uint64_t stream, std::uint64_t first,
                         std::uint32_t* words) {
  using Lanes = detail::PhiloxLanes;
  Lanes index{};
  for (std::size_t i = 0; i < std::size_t{philox_blocks}; ++i) index[i] = first + i;
  const Lanes zero{};
  Lanes c0 = index, c1 = index >> 32, c2 = zero + stream, c3 = zero + (stream >> 32);
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const Lanes a = detail::philox_multiply(c0, 0xD2511F53u);
    const Lanes b = detail::philox_multiply(c2, 0xCD9E8D57u);
    c0 = (b >> 32) ^ c1 ^ std::uint64_t{k0};
    c1 = b;
    c2 = (a >> 32) ^ c3 ^ std::uint64_t{k1};
    c3 = a;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (std::size_t i = 0; i < std::size_t{philox_blocks}; ++i) {
    words[4 * i] = static_cast<std::uint32_t>(c0[i]);
    words[4 * i + 1] = static_cast<std::uint32_t>(c1[i]);
    words[4 * i + 2] = static_cast<std::uint32_t>(c2[i]);
    words[4 * i + 3] = static_cast<std::uint32_t>(c3[i]);
  }
}

}  // namespace tessera::kernels
