// SPDX-License-Identifier: BSD-3-Clause
// Counter-based random numbers: element i of stream s under key k is a pure function of (k, s, i),
// so the order of work, the number of threads and the device do not matter. Generator:
// Philox4x32-10 [salmon2011].
#pragma once
#include <array>
#include <cstdint>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

/// The seed of a model, a data order or a set of masks.
struct Seed {
  std::uint64_t value = 0;
};

/// One Philox4x32-10 block: four 32-bit words from a 64-bit key and a 128-bit counter (two words of
/// 64 bits).
constexpr std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t stream,
                                              std::uint64_t index) {
  std::array<std::uint32_t, 4> c{
      static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
      static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * c[0],
                        b = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(a)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

/// Random numbers of one operation in one training forward: the same in its backward, with any
/// number of threads and on every device.
struct RandomBlocks {
  std::uint64_t key = 0;     // of the seed and the operation
  std::uint64_t stream = 0;  // training forwards of the model so far; 0 on a GPU, which adds
  const std::uint64_t* device_stream = nullptr;  // this: there the count is the GPU's

  /// Four random words: those of elements 4 i to 4 i + 3.
  constexpr std::array<std::uint32_t, 4> operator()(std::uint64_t i) const {
    return philox(key, stream, i);
  }
};

/// Uniform in [0, 1) with 24 random bits: the same value in float and double, on every device.
constexpr double to_uniform(std::uint32_t word) { return (word >> 8) * 0x1p-24; }

/// Mixes two words into a key or stream number, so that (seed, epoch) or (seed, operation) name
/// independent streams.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a + 0x9E3779B97F4A7C15u * (b + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// A sequence of random numbers: stream `stream` of the generator with key `seed`. Cheap to make
/// anywhere.
class RandomStream {
 public:
  constexpr RandomStream(Seed seed, std::uint64_t stream) : key_(seed.value), stream_(stream) {}

  constexpr std::uint32_t next() {
    if (used_ == 4) {
      block_ = philox(key_, stream_, index_++);
      used_ = 0;
    }
    return block_[static_cast<std::size_t>(used_++)];
  }
  /// Uniform in [0, 1).
  constexpr double uniform() { return to_uniform(next()); }
  /// Uniform integer in [low, high), without bias (rejection).
  constexpr int integer(int low, int high) {
    const std::uint32_t range = static_cast<std::uint32_t>(high - low);
    const std::uint32_t limit = range * (0xFFFFFFFFu / range);
    std::uint32_t word = next();
    while (word >= limit) word = next();
    return low + static_cast<int>(word % range);
  }
  /// Standard normal (Box-Muller; the second value of each pair is dropped). The compilers' names
  /// of the functions: <cmath> would cost every program that describes a network 0.1 s.
  double normal() {
    const double u = 1.0 - uniform(), v = uniform();
    return __builtin_sqrt(-2.0 * __builtin_log(u)) * __builtin_cos(2.0 * 3.141592653589793 * v);
  }

 private:
  std::uint64_t key_, stream_, index_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace tessera
