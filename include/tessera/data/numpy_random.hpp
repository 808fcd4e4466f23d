// SPDX-License-Identifier: BSD-3-Clause
// The random integers of NumPy, number for number, so that a set drawn by a Python program can be
// drawn again here. NumPy's default generator is PCG64 [oneill2014]: a linear congruential one of
// 128 bits whose output is the state's two halves, xored and rotated (XSL-RR). For everything else
// use RandomStream.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tessera/tensor/error.hpp>

namespace tessera {

/// numpy.random.default_rng(seed), as far as `integers(low, high)` of the default type goes; as in
/// NumPy, an array of n integers takes the same numbers as n single ones.
class NumpyRandom {
 public:
  explicit constexpr NumpyRandom(std::uint64_t seed) {
    const std::array<std::uint64_t, 4> words = spread(seed);
    increment_ = join(words[2], words[3]) << 1 | 1;
    step();
    state_ += join(words[0], words[1]);
    step();
  }

  /// The next 64 bits: bit_generator.random_raw().
  constexpr std::uint64_t next64() {
    step();
    const auto high = static_cast<std::uint64_t>(state_ >> 64);
    return std::rotr(high ^ static_cast<std::uint64_t>(state_), static_cast<int>(high >> 58));
  }
  /// The next 32 bits: the low half of a word of 64, and the high half at the call after that.
  constexpr std::uint32_t next() {
    if (has_half_) {
      has_half_ = false;
      return half_;
    }
    const std::uint64_t word = next64();
    half_ = static_cast<std::uint32_t>(word >> 32);
    has_half_ = true;
    return static_cast<std::uint32_t>(word);
  }
  /// Uniform integer in [low, high), without bias (Lemire's multiplication, with rejection); takes
  /// no number where there is only one. Errors: ArgumentError if the range is empty.
  constexpr int integer(int low, int high) {
    if (low >= high)
      throw ArgumentError("NumpyRandom: expected low < high, got " + std::to_string(low) + " and " +
                          std::to_string(high));
    const std::uint32_t range = static_cast<std::uint32_t>(high) - static_cast<std::uint32_t>(low);
    if (range == 1) return low;
    const std::uint32_t rejected = (0u - range) % range;  // 2^32 modulo range
    std::uint64_t product = std::uint64_t{next()} * range;
    while (static_cast<std::uint32_t>(product) < rejected) product = std::uint64_t{next()} * range;
    return static_cast<int>(static_cast<std::uint32_t>(low) +
                            static_cast<std::uint32_t>(product >> 32));
  }

 private:
  __extension__ typedef unsigned __int128 Word;  // NOLINT(modernize-use-using): no __extension__

  static constexpr Word join(std::uint64_t high, std::uint64_t low) {
    return Word{high} << 64 | low;
  }
  constexpr void step() {
    state_ = state_ * join(0x2360ED051FC65DA4u, 0x4385DF649FCCF645u) + increment_;
  }

  /// SeedSequence(seed).generate_state(4, uint64): a pool of four words, each hashed into all the
  /// others, then hashed once more into the result.
  static constexpr std::array<std::uint64_t, 4> spread(std::uint64_t seed) {
    std::uint32_t constant = 0x43B0D7E5u;
    const auto hash = [&constant](std::uint32_t value, std::uint32_t multiplier) {
      value ^= constant;
      constant *= multiplier;
      value *= constant;
      return value ^ (value >> 16);
    };
    constexpr std::uint32_t into_pool = 0x931E8875u, out_of_pool = 0x58F38DEDu;
    std::array<std::uint32_t, 4> pool{static_cast<std::uint32_t>(seed),
                                      static_cast<std::uint32_t>(seed >> 32)};
    for (std::uint32_t& word : pool) word = hash(word, into_pool);
    for (std::size_t from = 0; from < 4; ++from)
      for (std::size_t to = 0; to < 4; ++to) {
        if (from == to) continue;
        const std::uint32_t mixed =
            0xCA01F9DDu * pool[to] - 0x4973F715u * hash(pool[from], into_pool);
        pool[to] = mixed ^ (mixed >> 16);
      }
    constant = 0x8B51F9DDu;
    std::array<std::uint64_t, 4> words{};
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint64_t low = hash(pool[2 * i % 4], out_of_pool);
      words[i] = std::uint64_t{hash(pool[(2 * i + 1) % 4], out_of_pool)} << 32 | low;
    }
    return words;
  }

  Word state_ = 0, increment_ = 0;
  std::uint32_t half_ = 0;
  bool has_half_ = false;
};

}  // namespace tessera
