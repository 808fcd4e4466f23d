// SPDX-License-Identifier: BSD-3-Clause
// The header of the safetensors format, {"name": {"dtype", "shape", "data_offsets"}, ...,
// "__metadata__": {...}}: what it lists, and a parser that stops at the first thing that does not
// belong. Format: https://github.com/huggingface/safetensors
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tessera/io/file.hpp>

namespace tessera {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");
static_assert(sizeof(std::size_t) == 8, "safetensors: offsets need 64 bits");

/// One tensor of a file: its bytes are [begin, end) of the data section behind the header.
struct SafetensorsEntry {
  std::string name, dtype;
  std::vector<std::int64_t> shape;  // empty: a scalar
  std::size_t begin = 0, end = 0;
};

/// Bits of one element of a dtype ("F32": 32), 0 if the name is unknown. The dtypes are those of
/// the reference implementation; of some an element is less than a byte.
constexpr std::size_t safetensors_dtype_bits(std::string_view dtype) {
  struct Known {
    std::string_view name;
    std::size_t bits;
  };
  for (const Known known :
       {Known{"F32", 32},    Known{"F64", 64},        Known{"F16", 16},        Known{"BF16", 16},
        Known{"I64", 64},    Known{"I32", 32},        Known{"I16", 16},        Known{"I8", 8},
        Known{"U64", 64},    Known{"U32", 32},        Known{"U16", 16},        Known{"U8", 8},
        Known{"BOOL", 8},    Known{"C64", 64},        Known{"F8_E4M3", 8},     Known{"F8_E5M2", 8},
        Known{"F8_E8M0", 8}, Known{"F8_E4M3FNUZ", 8}, Known{"F8_E5M2FNUZ", 8}, Known{"F6_E2M3", 6},
        Known{"F6_E3M2", 6}, Known{"F4", 4}})
    if (known.name == dtype) return known.bits;
  return 0;
}

namespace detail {

inline constexpr std::size_t safetensors_max_header = std::size_t{100} << 20;  // bytes
inline constexpr std::size_t safetensors_max_rank = 8, safetensors_max_name = 1024;
inline constexpr std::string_view safetensors_metadata = "__metadata__";

/// printable_name in quotes.
inline std::string quote_name(std::string_view name) {
  std::string out = "'";
  out += printable_name(name);
  return out += '\'';
}

/// What a tensor's values take: whole bytes, and bits in the last byte, for which the format has no
/// place.
struct ByteSize {
  std::size_t bytes, odd_bits;
};

/// shape's product times the bits of an element; nothing where that passes 2^63 - 1 bytes.
inline std::optional<ByteSize> checked_byte_size(std::span<const std::int64_t> shape,
                                                 std::size_t element_bits) {
  const bool whole = element_bits % 8 == 0;  // else count bits, which are few
  auto size = static_cast<std::int64_t>(whole ? element_bits / 8 : element_bits);
  for (const std::int64_t side : shape)
    if (side < 0 || __builtin_mul_overflow(size, side, &size)) return std::nullopt;
  const auto total = static_cast<std::size_t>(size);
  return whole ? ByteSize{total, 0} : ByteSize{total / 8, total % 8};
}

inline std::string shape_text(std::span<const std::int64_t> shape) {
  std::string out = "[";
  for (const std::int64_t side : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(side);
  return out + "]";
}

/// Takes the header's JSON event by event, so that nothing is built before it is known to be good:
/// nesting beyond what the format has stops the parse, and so does a key used twice.
class SafetensorsHeader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;
  std::string problem;  // why the parse stopped

  bool start_object(std::size_t) override {
    if (place_ == Place::start) return go(Place::tensors);
    if (place_ == Place::tensors) {
      if (key_ == safetensors_metadata) return go(Place::metadata);
      entries.emplace_back().name = key_;
      seen_ = {};
      return go(Place::entry);
    }
    return unexpected("an object");
  }
  bool key(std::string& name) override {
    key_ = std::move(name);
    if (place_ == Place::tensors) {
      if (key_.size() > safetensors_max_name)
        return stop("a tensor's name is too long: expected at most " +
                    std::to_string(safetensors_max_name) + " bytes, got " +
                    std::to_string(key_.size()));
      // Readers in C would see another, shorter name.
      if (key_.find('\0') != key_.npos)
        return stop("a tensor's name holds a zero byte: " + quote_name(key_));
      return names_.insert(key_).second || stop("the name " + quote_name(key_) + " is used twice");
    }
    if (place_ == Place::metadata)
      return !metadata.contains(key_) ||
             stop("metadata: the key " + quote_name(key_) + " is used twice");
    const auto field = std::find(fields.begin(), fields.end(), key_);
    if (field == fields.end())
      return stop(where() + "expected dtype, shape and data_offsets, got " + quote_name(key_));
    bool& seen = seen_[static_cast<std::size_t>(field - fields.begin())];
    return !std::exchange(seen, true) || stop(where() + quote_name(key_) + " is given twice");
  }
  bool end_object() override {
    if (place_ == Place::tensors) return go(Place::end);
    if (place_ == Place::entry)
      for (std::size_t i = 0; i < fields.size(); ++i)
        if (!seen_[i]) return stop(where() + "expected " + std::string(fields[i]) + ", got none");
    return go(Place::tensors);
  }
  bool start_array(std::size_t) override {
    if (place_ != Place::entry || key_ == "dtype") return unexpected("an array");
    offsets_ = 0;
    return go(key_ == "shape" ? Place::shape : Place::offsets);
  }
  bool end_array() override {
    if (place_ == Place::offsets && offsets_ != 2)
      return stop(where() + "data_offsets: expected 2 numbers, got " + std::to_string(offsets_));
    return go(Place::entry);
  }
  bool string(std::string& text) override {
    if (place_ == Place::metadata) {
      metadata.emplace(key_, std::move(text));
      return true;
    }
    if (place_ != Place::entry || key_ != "dtype") return unexpected("a string");
    entries.back().dtype = std::move(text);
    return true;
  }
  bool number_unsigned(std::uint64_t value) override {
    SafetensorsEntry* entry = entries.empty() ? nullptr : &entries.back();
    if (place_ == Place::shape) {
      if (entry->shape.size() == safetensors_max_rank)
        return stop(where() + "shape: expected at most " + std::to_string(safetensors_max_rank) +
                    " dimensions, got more");
      if (value > std::uint64_t{INT64_MAX})
        return stop(where() + "shape: expected numbers below 2^63, got " + std::to_string(value));
      entry->shape.push_back(static_cast<std::int64_t>(value));
      return true;
    }
    if (place_ == Place::offsets) {
      if (offsets_ == 2) return stop(where() + "data_offsets: expected 2 numbers, got more");
      (offsets_++ == 0 ? entry->begin : entry->end) = static_cast<std::size_t>(value);
      return true;
    }
    return unexpected("a number");
  }
  bool number_integer(std::int64_t value) override {  // called for negative numbers only
    return unexpected("the number " + std::to_string(value));
  }
  bool number_float(double, const std::string& text) override {
    return unexpected("the number " + quote_name(text));
  }
  bool null() override {  // metadata may be null, as if it were not there
    if (place_ == Place::tensors && key_ == safetensors_metadata) return true;
    return unexpected("null");
  }
  bool boolean(bool) override { return unexpected("true or false"); }
  bool binary(nlohmann::json::binary_t&) override { return unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    // nlohmann counts the bytes read, the offending one among them.
    return stop("expected JSON in UTF-8, got something else at byte " +
                std::to_string(position - 1));
  }

 private:
  enum class Place { start, tensors, metadata, entry, shape, offsets, end };
  static constexpr std::array<std::string_view, 3> fields{"dtype", "shape", "data_offsets"};

  bool go(Place place) {
    place_ = place;
    return true;
  }
  bool stop(std::string why) {
    problem = std::move(why);
    return false;
  }
  bool unexpected(const std::string& got) {
    switch (place_) {
      case Place::start:
        return stop("expected an object, got " + got);
      case Place::tensors:
        return stop((key_ == safetensors_metadata ? "metadata" : "tensor " + quote_name(key_)) +
                    ": expected an object, got " + got);
      case Place::metadata:
        return stop("metadata: the value of " + quote_name(key_) + ": expected a string, got " +
                    got);
      case Place::entry:
        return stop(where() + key_ + ": expected " +
                    (key_ == "dtype" ? "a string" : "an array of numbers") + ", got " + got);
      default:
        return stop(where() + key_ + ": expected whole numbers from 0 on, got " + got);
    }
  }
  std::string where() const {
    return entries.empty() ? "" : "tensor " + quote_name(entries.back().name) + ": ";
  }

  Place place_ = Place::start;
  std::string key_;
  std::array<bool, 3> seen_{};
  int offsets_ = 0;
  std::unordered_set<std::string> names_;
};

}  // namespace detail

}  // namespace tessera
