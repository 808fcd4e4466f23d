// SPDX-License-Identifier: BSD-3-Clause
// zlib streams (RFC 1950, 1951) for PNG files: repeats by a hash of three bytes, then Huffman codes
// made for each block. Packs photographs about as tightly as zlib's fastest levels.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <span>
#include <utility>
#include <vector>

namespace tessera::detail {

/// Bits behind one another, the lowest first.
class BitWriter {
 public:
  explicit BitWriter(std::vector<std::byte>& out) : out_(out) {}
  void put(std::uint32_t value, int count) {
    bits_ |= std::uint64_t{value} << used_;
    for (used_ += count; used_ >= 8; used_ -= 8, bits_ >>= 8)
      out_.push_back(static_cast<std::byte>(bits_ & 255));
  }
  void finish() { put(0, (8 - used_) & 7); }

 private:
  std::vector<std::byte>& out_;
  std::uint64_t bits_ = 0;
  int used_ = 0;
};

/// A Huffman code of at most 15 bits for symbols counted in `counts` (two or more not 0).
template <std::size_t N>
class HuffmanCode {
 public:
  explicit HuffmanCode(std::array<std::uint32_t, N> counts) {
    while (!try_lengths(counts))  // flatter counts give shorter codes
      for (std::uint32_t& count : counts) count = (count + 1) / 2;
    std::uint32_t code = 0;
    for (int length = 1; length <= 15; ++length, code <<= 1)
      for (std::size_t symbol = 0; symbol < N; ++symbol)
        if (lengths_[symbol] == length) {
          std::uint32_t reversed = 0;  // codes are written from their highest bit on
          for (int bit = 0; bit < length; ++bit)
            reversed |= (code >> bit & 1) << (length - 1 - bit);
          codes_[symbol] = reversed;
          ++code;
        }
  }
  int length(std::size_t symbol) const { return lengths_[symbol]; }
  void put(BitWriter& bits, std::size_t symbol) const {
    bits.put(codes_[symbol], lengths_[symbol]);
  }

 private:
  bool try_lengths(const std::array<std::uint32_t, N>& counts) {
    using Node = std::pair<std::uint64_t, std::size_t>;  // count, index; leaves come first
    std::array<std::size_t, 2 * N> parent{};
    std::priority_queue<Node, std::vector<Node>, std::greater<>> open;
    for (std::size_t symbol = 0; symbol < N; ++symbol)
      if (counts[symbol] != 0) open.emplace(counts[symbol], symbol);
    std::size_t next = N;
    while (open.size() > 1) {
      const Node a = open.top();
      open.pop();
      const Node b = open.top();
      open.pop();
      parent[a.second] = parent[b.second] = next;
      open.emplace(a.first + b.first, next++);
    }
    lengths_.fill(0);
    for (std::size_t symbol = 0; symbol < N; ++symbol) {
      if (counts[symbol] == 0) continue;
      for (std::size_t node = symbol; parent[node] != 0; node = parent[node]) ++lengths_[symbol];
      if (lengths_[symbol] > 15) return false;
    }
    return true;
  }

  std::array<int, N> lengths_{};
  std::array<std::uint32_t, N> codes_{};
};

/// A code for a range of lengths or distances: its smallest value, and the bits that follow it.
struct RangeCode {
  std::uint32_t base = 0;
  int extra_bits = 0;
};

/// No extra bits for the first 2 `group` codes, then one more every `group` codes.
template <std::size_t N>
constexpr std::array<RangeCode, N> range_codes(std::uint32_t first, std::size_t group) {
  std::array<RangeCode, N> codes{};
  for (std::size_t i = 0; i < N; first += 1u << codes[i].extra_bits, ++i)
    codes[i] = {first, i < 2 * group ? 0 : static_cast<int>(i / group) - 1};
  return codes;
}
inline constexpr auto deflate_lengths = [] {
  auto codes = range_codes<29>(3, 4);
  codes[28] = {258, 0};  // the longest repeat has a code of its own
  return codes;
}();
inline constexpr auto deflate_distances = range_codes<30>(1, 2);

template <std::size_t N>
std::size_t range_code_of(const std::array<RangeCode, N>& codes, std::size_t value) {
  return static_cast<std::size_t>(std::ranges::upper_bound(codes, value, {}, &RangeCode::base) -
                                  codes.begin()) -
         1;
}

/// Literals and repeats of one block.
class DeflateBlock {
 public:
  static constexpr std::size_t capacity = std::size_t{1} << 16;

  bool full() const { return tokens_.size() == capacity; }
  void add_literal(std::byte value) {
    tokens_.push_back({0, std::to_integer<std::uint16_t>(value)});
    ++literal_counts_[tokens_.back().value];
  }
  void add_repeat(std::size_t length, std::size_t distance) {
    tokens_.push_back({static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(distance)});
    ++literal_counts_[257 + range_code_of(deflate_lengths, length)];
    ++distance_counts_[range_code_of(deflate_distances, distance)];
  }
  /// Writes the block and empties it.
  void write(BitWriter& bits, bool last) {
    literal_counts_[256] = 1;  // the end of the block; below, no table has fewer than two symbols
    for (std::size_t i = 0; i < 2; ++i) {
      literal_counts_[i] = std::max(literal_counts_[i], 1u);
      distance_counts_[i] = std::max(distance_counts_[i], 1u);
    }
    const HuffmanCode literals(literal_counts_);
    const HuffmanCode distances(distance_counts_);
    bits.put(last ? 1 : 0, 1);
    bits.put(2, 2);          // codes of its own
    bits.put(286 - 257, 5);  // lengths of 286 literal codes,
    bits.put(30 - 1, 5);     // of 30 distance codes,
    bits.put(19 - 4, 4);     // themselves coded in four bits each: 0 to 15 as they are
    for (int symbol = 0; symbol < 19; ++symbol)
      bits.put(symbol < 3 ? 0 : 4, 3);  // 16, 17, 18 first
    const auto put_length = [&](int length) {
      bits.put(static_cast<std::uint32_t>((length & 1) << 3 | (length & 2) << 1 |
                                          (length & 4) >> 1 | (length & 8) >> 3),
               4);
    };
    for (std::size_t symbol = 0; symbol < 286; ++symbol) put_length(literals.length(symbol));
    for (std::size_t symbol = 0; symbol < 30; ++symbol) put_length(distances.length(symbol));
    for (const Token& token : tokens_) {
      if (token.length == 0) {
        literals.put(bits, token.value);
        continue;
      }
      put_range(bits, literals, 257, deflate_lengths, token.length);
      put_range(bits, distances, 0, deflate_distances, token.value);
    }
    literals.put(bits, 256);
    tokens_.clear();
    literal_counts_.fill(0);
    distance_counts_.fill(0);
  }

 private:
  struct Token {
    std::uint16_t length;  // 0: a literal
    std::uint16_t value;   // the literal, or the distance
  };

  template <std::size_t N, std::size_t M>
  static void put_range(BitWriter& bits, const HuffmanCode<N>& code, std::size_t first_symbol,
                        const std::array<RangeCode, M>& ranges, std::uint32_t value) {
    const std::size_t range = range_code_of(ranges, value);
    code.put(bits, first_symbol + range);
    bits.put(value - ranges[range].base, ranges[range].extra_bits);
  }

  std::vector<Token> tokens_;
  std::array<std::uint32_t, 286> literal_counts_{};
  std::array<std::uint32_t, 30> distance_counts_{};
};

/// `data` as a zlib stream.
inline std::vector<std::byte> zlib_compress(std::span<const std::byte> data) {
  constexpr std::size_t window = 32768, longest = 258, chain = 12, none = ~std::size_t{0};
  std::vector<std::byte> out{std::byte{0x78}, std::byte{0x01}};
  BitWriter bits(out);
  DeflateBlock block;
  std::vector<std::size_t> newest(window, none), older(window, none);  // positions by hash
  const auto hash = [&](std::size_t at) {
    const std::uint32_t three = std::to_integer<std::uint32_t>(data[at]) << 16 |
                                std::to_integer<std::uint32_t>(data[at + 1]) << 8 |
                                std::to_integer<std::uint32_t>(data[at + 2]);
    return std::size_t{three * 2654435761u >> 17};
  };
  for (std::size_t at = 0; at < data.size();) {
    std::size_t best = 0, distance = 0, step = 1;
    if (at + 3 <= data.size()) {
      const std::size_t most = std::min(longest, data.size() - at);
      std::size_t candidate = newest[hash(at)];
      for (std::size_t i = 0; i < chain && candidate != none && at - candidate < window; ++i) {
        std::size_t length = 0;
        while (length < most && data[candidate + length] == data[at + length]) ++length;
        if (length > best) best = length, distance = at - candidate;
        candidate = older[candidate % window];
      }
    }
    if (best >= 4) {
      block.add_repeat(best, distance);
      step = best;
    } else {
      block.add_literal(data[at]);
    }
    for (; step > 0; --step, ++at)
      if (at + 3 <= data.size()) older[at % window] = std::exchange(newest[hash(at)], at);
    if (block.full()) block.write(bits, false);
  }
  block.write(bits, true);
  bits.finish();
  std::uint32_t a = 1, b = 0;  // Adler-32
  for (const std::byte value : data) {
    a = (a + std::to_integer<std::uint32_t>(value)) % 65521;
    b = (b + a) % 65521;
  }
  for (const std::uint32_t v : {b >> 8, b, a >> 8, a})
    out.push_back(static_cast<std::byte>(v & 255));
  return out;
}

}  // namespace tessera::detail
