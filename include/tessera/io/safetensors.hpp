// SPDX-License-Identifier: BSD-3-Clause
// Files of named tensors in the safetensors format: 8 bytes little-endian header length, a JSON
// header, then the tensors' bytes. Nothing here knows of models. A file is hostile until every
// size in it is checked against the file's real size, before memory is taken.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tessera/io/file.hpp>
#include <tessera/io/kind_of_file.hpp>
#include <tessera/io/detail/safetensors_header.hpp>
#include <tessera/io/detail/safetensors_writer.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// A safetensors file, open for reading. The constructor reads and checks the header; tensors are
/// read from the file when asked for, and never need more memory than the file has bytes.
/// Errors: FileError with path, place, expected and got, if the file cannot be read or breaks a
/// rule of the format (one dtype, shape and range a tensor; ranges cover the data exactly once).
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path) : SafetensorsFile(InputFile(path)) {}
  explicit SafetensorsFile(InputFile file) : file_(std::move(file)) {
    if (file_.size() < 8) fail("expected at least 8 bytes, got " + std::to_string(file_.size()));
    std::uint64_t header_size = 0;
    file_.read_at(0, std::as_writable_bytes(std::span(&header_size, 1)));
    check_kind(header_size);
    if (header_size > detail::safetensors_max_header)
      fail("header length: expected at most " + std::to_string(detail::safetensors_max_header) +
           " bytes, got " + std::to_string(header_size));
    if (header_size > file_.size() - 8)
      fail("header length: expected at most the " + std::to_string(file_.size() - 8) +
           " bytes that follow, got " + std::to_string(header_size));
    data_begin_ = 8 + header_size;
    parse_header(static_cast<std::size_t>(header_size));
    for (const SafetensorsEntry& entry : entries_) check_entry(entry);
    check_coverage();
    for (std::size_t i = 0; i < entries_.size(); ++i) by_name_.emplace(entries_[i].name, i);
  }

  const std::filesystem::path& path() const { return file_.path(); }
  /// In the order of the header.
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// The entry of that name, or null.
  const SafetensorsEntry* find(std::string_view name) const {
    const auto found = by_name_.find(std::string(name));
    return found == by_name_.end() ? nullptr : &entries_[found->second];
  }
  /// The entry of that name. Errors: FileError if there is none.
  const SafetensorsEntry& entry(std::string_view name) const {
    const SafetensorsEntry* found = find(name);
    if (!found) fail("expected a tensor " + detail::quote_name(name) + ", got none of that name");
    return *found;
  }

  /// The bytes of a tensor. Errors: FileError if there is no such tensor.
  std::vector<std::byte> read_bytes(std::string_view name) const {
    return read_as<std::byte>(entry(name));
  }
  /// The values of a tensor whose dtype is F32, F64 or I64; nothing is converted.
  /// Errors: FileError if there is no such tensor or it has another dtype.
  std::vector<float> read_f32(std::string_view name) const { return read_checked<float>(name); }
  std::vector<double> read_f64(std::string_view name) const { return read_checked<double>(name); }
  std::vector<std::int64_t> read_i64(std::string_view name) const {
    return read_checked<std::int64_t>(name);
  }
  /// An F32 tensor straight into `out`. Errors: as above, and FileError if the sizes differ.
  void read_f32(std::string_view name, std::span<float> out) const {
    const SafetensorsEntry& e = checked_entry<float>(name);
    if (e.end - e.begin != out.size_bytes())
      fail("tensor " + detail::quote_name(e.name) + ": expected " + std::to_string(out.size()) +
           " values, got " + std::to_string((e.end - e.begin) / sizeof(float)) + " of shape " +
           detail::shape_text(e.shape));
    file_.read_at(data_begin_ + e.begin, std::as_writable_bytes(out));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(file_.path().string() + ": safetensors: " + what);
  }

  /// Files of other kinds are called by their names; without that their first bytes would be read
  /// as the length of a header.
  void check_kind(std::uint64_t header_size) const {
    std::array<std::byte, 512> start{};
    const auto known = std::span(start).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(file_.size(), start.size())));
    file_.read_at(0, known);
    if (known.size() > 8 && known[8] == std::byte{'{'}) return;
    if (const std::string_view kind = detail::kind_of_file(known); !kind.empty())
      throw FileError(file_.path().string() + ": not a safetensors file: it looks like " +
                      std::string(kind));
    if (header_size > detail::safetensors_max_header)
      throw FileError(file_.path().string() +
                      ": not a safetensors file: expected 8 bytes of a length and then '{', got "
                      "something else");
  }

  void parse_header(std::size_t size) {
    std::string text(size, '\0');
    file_.read_at(8, std::as_writable_bytes(std::span(text.data(), size)));
    if (text.empty() || text.front() != '{')
      fail("header: expected '{' at byte 0, got " +
           (text.empty() ? "an empty header" : detail::quote_name(text.substr(0, 1))));
    // nlohmann's parser takes a zero byte for the end and would accept anything behind it.
    if (const auto zero = text.find('\0'); zero != text.npos)
      fail("header: expected JSON in UTF-8, got a zero byte at byte " + std::to_string(zero));
    detail::SafetensorsHeader header;
    bool good = false;
    try {
      good = nlohmann::json::sax_parse(text.begin(), text.end(), &header);
    } catch (const nlohmann::json::exception& error) {
      header.problem = error.what();
    }
    if (!good) fail("header: " + header.problem);
    entries_ = std::move(header.entries);
    metadata_ = std::move(header.metadata);
  }

  void check_entry(const SafetensorsEntry& entry) const {
    const auto fail_entry = [&](const std::string& what) {
      fail("tensor " + detail::quote_name(entry.name) + ": " + what);
    };
    const std::size_t element_bits = safetensors_dtype_bits(entry.dtype);
    if (element_bits == 0)
      fail_entry("dtype: expected a known one such as F32, got " + detail::quote_name(entry.dtype));
    const auto size = detail::checked_byte_size(entry.shape, element_bits);
    if (!size)
      fail_entry("shape: expected a size below 2^63 bytes, got " + detail::shape_text(entry.shape));
    if (size->odd_bits != 0)
      fail_entry("shape: expected values that fill whole bytes, got " + entry.dtype + " " +
                 detail::shape_text(entry.shape));
    const std::uint64_t data_size = file_.size() - data_begin_;
    if (entry.begin > entry.end || entry.end > data_size)
      fail_entry("data_offsets: expected begin <= end <= " + std::to_string(data_size) + ", got " +
                 std::to_string(entry.begin) + " and " + std::to_string(entry.end));
    if (entry.end - entry.begin != size->bytes)
      fail_entry("data_offsets: expected " + std::to_string(size->bytes) + " bytes for " +
                 entry.dtype + " " + detail::shape_text(entry.shape) + ", got " +
                 std::to_string(entry.end - entry.begin));
  }

  /// Tensors sorted by position must touch: an overlap or a hole could hide a second meaning.
  void check_coverage() const {
    std::vector<std::size_t> order(entries_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(entries_[a].begin, entries_[a].end) <
             std::pair(entries_[b].begin, entries_[b].end);
    });
    std::size_t covered = 0;
    for (const std::size_t i : order) {
      const SafetensorsEntry& entry = entries_[i];
      if (entry.begin != covered)
        fail("tensor " + detail::quote_name(entry.name) + ": data_offsets " +
             (entry.begin < covered ? "overlap another tensor" : "leave a hole") +
             ": expected begin " + std::to_string(covered) + ", got " +
             std::to_string(entry.begin));
      covered = entry.end;
    }
    if (covered != file_.size() - data_begin_)
      fail("data: expected " + std::to_string(covered) + " bytes, got " +
           std::to_string(file_.size() - data_begin_));
  }

  template <class T>
  const SafetensorsEntry& checked_entry(std::string_view name) const {
    constexpr std::string_view dtype = std::is_same_v<T, float>    ? "F32"
                                       : std::is_same_v<T, double> ? "F64"
                                                                   : "I64";
    const SafetensorsEntry& e = entry(name);
    if (e.dtype != dtype)
      fail("tensor " + detail::quote_name(e.name) + ": dtype: expected " + std::string(dtype) +
           ", got " + e.dtype);
    return e;
  }
  template <class T>
  std::vector<T> read_checked(std::string_view name) const {
    return read_as<T>(checked_entry<T>(name));
  }
  template <class T>
  std::vector<T> read_as(const SafetensorsEntry& e) const {
    std::vector<T> values((e.end - e.begin) / sizeof(T));
    file_.read_at(data_begin_ + e.begin, std::as_writable_bytes(std::span(values)));
    return values;
  }

  InputFile file_;
  std::uint64_t data_begin_ = 0;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::string> metadata_;
  std::unordered_map<std::string, std::size_t> by_name_;
};

/// The metadata of a safetensors file; its tensors are not read. Errors: as SafetensorsFile
inline std::map<std::string, std::string> read_metadata(const std::filesystem::path& path) {
  return SafetensorsFile(path).metadata();
}

}  // namespace tessera
