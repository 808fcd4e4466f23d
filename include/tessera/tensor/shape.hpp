// SPDX-License-Identifier: BSD-3-Clause
// Shape of one sample, channels last, and the mask groups that travel with it. All values are
// usable as template arguments and in constant expressions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include <tessera/tensor/text.hpp>

namespace tessera {

/// Channels of a masked stream by the mask they share: group g covers the next `channels[g]`
/// channels and owns one plane of the mask `[N, H, W, G]`. count = 0 means "no mask".
struct MaskGroups {
  static constexpr int max_count = 8;
  int count = 0;
  int channels[max_count]{};

  constexpr bool operator==(const MaskGroups&) const = default;
  constexpr explicit operator bool() const { return count > 0; }
};

/// Height, width and channels of one sample; also read as (sequences, steps, features), (1, 1,
/// features) or tokens. `mask` says which channels share a mask plane; a shape without a mask is an
/// ordinary stream.
struct Shape {
  int height = 0, width = 0, channels = 0;
  MaskGroups mask{};

  constexpr bool operator==(const Shape&) const = default;
  constexpr std::int64_t pixels() const { return std::int64_t{height} * width; }
  constexpr std::int64_t size() const { return pixels() * channels; }
  constexpr bool masked() const { return mask.count > 0; }

  /// The same sizes without a mask.
  constexpr Shape unmasked() const { return {height, width, channels}; }
  /// The same sizes, all channels under one mask plane.
  constexpr Shape with_mask() const { return {height, width, channels, MaskGroups{1, {channels}}}; }
};

/// "32x32x3", and " (masked)" behind it where a mask travels along.
inline std::string to_string(const Shape& s) {
  return text({s.height, "x", s.width, "x", s.channels, s.masked() ? " (masked)" : ""});
}

inline namespace literals {
constexpr std::size_t operator""_KiB(unsigned long long n) { return std::size_t{n} << 10; }
consteval std::size_t operator""_MiB(unsigned long long n) {
  return n <= SIZE_MAX >> 20 ? n << 20 : throw "tessera: more bytes than std::size_t can count";
}
consteval std::size_t operator""_GiB(unsigned long long n) {
  return n <= SIZE_MAX >> 30 ? n << 30 : throw "tessera: more bytes than std::size_t can count";
}
}  // namespace literals

}  // namespace tessera
