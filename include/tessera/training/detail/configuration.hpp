// SPDX-License-Identifier: BSD-3-Clause
// The configuration of a training run as named texts: what reports show, and what a checkpoint
// compares before a run is resumed.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/network/structure.hpp>
#include <tessera/tensor/fnv1a.hpp>

namespace tessera {

/// Named texts in the order in which they were added.
using Configuration = std::vector<std::pair<std::string, std::string>>;

/// The hash of what was added.
class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes) {
    hash_ = fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, hash_);
  }
  void add(std::string_view text) {
    add(std::as_bytes(std::span(text.data(), text.size())));
    add_number(static_cast<std::int64_t>(text.size()));
  }
  void add_number(std::int64_t n) { add(std::as_bytes(std::span(&n, 1))); }

  /// Sixteen hexadecimal digits.
  std::string text() const {
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[hash_ >> shift & 15];
    return out;
  }

 private:
  std::uint64_t hash_ = fnv1a({});
};

namespace detail {

/// "58 operations, 3130947 parameters (0123456789abcdef)": the fingerprint covers the operations,
/// what they read, their names and windows, every shape, and the tensors with their sizes.
inline std::string describe_network(const Structure& s) {
  Fingerprint print;
  for (const Operation& op : s.operations) {
    print.add(op.layer->name);
    print.add(path_of(s, op));
    for (int i = 0; i < op.input_count; ++i) print.add_number(op.input[i]);
    const Reach& r = op.layer->reach;
    for (const int n : {op.output, r.kernel, r.stride, r.padding, r.upsample}) print.add_number(n);
  }
  for (const ValueInfo& v : s.values) {
    print.add(v.label);
    for (const int n : {v.shape.height, v.shape.width, v.shape.channels, v.shape.mask.count})
      print.add_number(n);
    for (int g = 0; g < v.shape.mask.count; ++g) print.add_number(v.shape.mask.channels[g]);
  }
  for (const TensorInfo& t : s.tensors) {
    print.add(name_of(s, t));
    for (int d = 0; d < t.parameter.dims.rank; ++d) print.add_number(t.parameter.dims.size[d]);
  }
  return std::to_string(s.operations.size()) + " operations, " + std::to_string(s.parameter_count) +
         " parameters (" + print.text() + ")";
}

/// The paths of the operations whose flag is set, or "none".
inline std::string flagged_layers(const Structure& s, std::span<const std::uint8_t> flags) {
  std::string out;
  for (std::size_t i = 0; i < flags.size(); ++i)
    if (flags[i]) out += (out.empty() ? "" : ", ") + path_of(s, s.operations[i]);
  return out.empty() ? "none" : out;
}

}  // namespace detail
}  // namespace tessera
