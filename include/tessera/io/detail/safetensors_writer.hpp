// SPDX-License-Identifier: BSD-3-Clause
// Saves named tensors as one safetensors file; <tessera/io/safetensors.hpp> has the format.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tessera/io/file.hpp>
#include <tessera/io/detail/safetensors_header.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// Collects tensors and saves them as one file. Values are not copied: the spans must live until
/// save. The header lists tensors in the order they were added, padded with spaces to a multiple
/// of 8 bytes; the data lie with wide elements first, so that every tensor is aligned, as PyTorch
/// asks. So the same calls give the same bytes.
/// Errors of add: ArgumentError for a name that is empty, too long, reserved or used twice;
/// ShapeError if the shape's product is not the number of values.
class SafetensorsWriter {
 public:
  /// One text of the file's metadata; a key set twice keeps the last value.
  void metadata(std::string key, std::string value) {
    metadata_.insert_or_assign(std::move(key), std::move(value));
  }

  void add(std::string name, std::vector<std::int64_t> shape, std::span<const float> values) {
    add_bytes(std::move(name), "F32", std::move(shape), std::as_bytes(values));
  }
  void add(std::string name, std::vector<std::int64_t> shape, std::span<const double> values) {
    add_bytes(std::move(name), "F64", std::move(shape), std::as_bytes(values));
  }
  void add(std::string name, std::vector<std::int64_t> shape,
           std::span<const std::int64_t> values) {
    add_bytes(std::move(name), "I64", std::move(shape), std::as_bytes(values));
  }
  void add(std::string name, std::vector<std::int64_t> shape,
           std::span<const std::uint8_t> values) {
    add_bytes(std::move(name), "U8", std::move(shape), std::as_bytes(values));
  }

  /// A tensor of any dtype of the format. Errors: also ArgumentError for an unknown dtype.
  void add_bytes(std::string name, std::string dtype, std::vector<std::int64_t> shape,
                 std::span<const std::byte> bytes) {
    const std::string place = "SafetensorsWriter: tensor " + detail::quote_name(name) + ": ";
    if (name.empty() || name.size() > detail::safetensors_max_name ||
        name == detail::safetensors_metadata)
      throw ArgumentError(
          place + "expected a name of 1 to " + std::to_string(detail::safetensors_max_name) +
          " bytes that is not __metadata__, got " + std::to_string(name.size()) + " bytes");
    const std::size_t element_bits = safetensors_dtype_bits(dtype);
    if (element_bits == 0)
      throw ArgumentError(place + "expected a known dtype such as F32, got " +
                          detail::quote_name(dtype));
    const auto size = detail::checked_byte_size(shape, element_bits);
    if (shape.size() > detail::safetensors_max_rank || !size || size->odd_bits != 0 ||
        size->bytes != bytes.size())
      throw ShapeError(place + "expected a shape of " +
                       std::to_string(8 * bytes.size() / element_bits) + " values, got " +
                       detail::shape_text(shape));
    if (!names_.insert(name).second) throw ArgumentError(place + "the name is used twice");
    tensors_.push_back({std::move(name), std::move(dtype), std::move(shape), bytes});
  }

  /// Writes the file atomically: a failed save keeps the previous file.
  /// Errors: FileError with the cause; ArgumentError if a name or a metadata text is not UTF-8.
  void save(const std::filesystem::path& path) const {
    std::vector<std::size_t> order(tensors_.size()), begin(tensors_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return safetensors_dtype_bits(tensors_[a].dtype) > safetensors_dtype_bits(tensors_[b].dtype);
    });
    std::size_t position = 0;
    for (const std::size_t i : order) {
      begin[i] = position;
      position += tensors_[i].bytes.size();
    }
    const std::string header = header_text(begin);
    if (header.size() > detail::safetensors_max_header)
      throw ArgumentError("SafetensorsWriter: header: expected at most " +
                          std::to_string(detail::safetensors_max_header) + " bytes, got " +
                          std::to_string(header.size()));
    const std::uint64_t header_size = header.size();
    std::vector<std::span<const std::byte>> parts;
    parts.reserve(tensors_.size() + 2);
    parts.push_back(std::as_bytes(std::span(&header_size, 1)));
    parts.push_back(bytes_of(header));
    for (const std::size_t i : order) parts.push_back(tensors_[i].bytes);
    write_file_atomically(path, parts);
  }

 private:
  struct Added {
    std::string name, dtype;
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;
  };

  static std::string json_text(const std::string& text) {
    try {
      return nlohmann::json(text).dump();
    } catch (const nlohmann::json::exception&) {
      throw ArgumentError("SafetensorsWriter: expected UTF-8, got " + detail::quote_name(text));
    }
  }

  std::string header_text(std::span<const std::size_t> begin) const {
    std::string out = "{";
    if (!metadata_.empty()) {
      out += json_text(std::string(detail::safetensors_metadata)) + ":{";
      for (const auto& [key, value] : metadata_)
        out += (out.back() == '{' ? "" : ",") + json_text(key) + ":" + json_text(value);
      out += '}';
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const Added& t = tensors_[i];
      out += (out.size() == 1 ? "" : ",") + json_text(t.name) + ":{\"dtype\":\"" + t.dtype +
             "\",\"shape\":" + nlohmann::json(t.shape).dump() + ",\"data_offsets\":[" +
             std::to_string(begin[i]) + "," + std::to_string(begin[i] + t.bytes.size()) + "]}";
    }
    out += '}';
    out.append((8 - out.size() % 8) % 8, ' ');
    return out;
  }

  std::map<std::string, std::string> metadata_;  // sorted: the order of the calls leaves no trace
  std::vector<Added> tensors_;
  std::unordered_set<std::string> names_;
};

}  // namespace tessera
