// SPDX-License-Identifier: BSD-3-Clause
// Reads a checkpoint, a hostile file like any other: every size, number and name is checked.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/io/safetensors.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/training/detail/checkpoint_tensors.hpp>
#include <tessera/training/detail/configuration.hpp>

namespace tessera::detail {

inline constexpr std::string_view recipe_prefix = "tessera.recipe.";
inline constexpr std::string_view checkpoint_format = "2";  // 1 had no training.random

/// A text from a file, fit for a message.
inline std::string printable(std::string_view text) {
  constexpr std::size_t longest = 200;
  std::string out(text.substr(0, longest));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return text.size() > longest ? out + "..." : out;
}

/// Reads a checkpoint. `fail` names the file.
class CheckpointReader {
 public:
  explicit CheckpointReader(const std::filesystem::path& path) : file_(path) {
    const auto found = file_.metadata().find("tessera.checkpoint");
    if (found == file_.metadata().end())
      fail("expected the metadata tessera.checkpoint, got a file without it");
    if (found->second != checkpoint_format)
      fail("tessera.checkpoint: expected " + std::string(checkpoint_format) + ", got " +
           printable(found->second));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(file_.path().string() + ": checkpoint: " + what);
  }

  /// Errors: FileError that names every field that differs.
  void check_recipe(const Configuration& recipe) const {
    std::string differences;
    const auto differs = [&](const std::string& name, const std::string& now,
                             const std::string& then) {
      differences += "; " + name + ": expected " + now + ", got " + then;
    };
    std::set<std::string> known;
    for (const auto& [name, text] : recipe) {
      const std::string key = std::string(recipe_prefix) + name;
      known.insert(key);
      const auto found = file_.metadata().find(key);
      if (found == file_.metadata().end()) differs(name, text, "nothing");
      else if (found->second != text) differs(name, text, printable(found->second));
    }
    for (const auto& [key, text] : file_.metadata())
      if (key.starts_with(recipe_prefix) && !known.count(key))
        differs(printable(key.substr(recipe_prefix.size())), "nothing", printable(text));
    if (!differences.empty())
      throw FileError(file_.path().string() +
                      ": the checkpoint of another training run; only the number of epochs may change "
                      "(expected: what is asked for now, got: what the file has)" +
                      differences);
  }

  std::int64_t steps() { return integers("training.position", 5)[2]; }

  TrainingProgress progress(std::size_t batches) {
    TrainingProgress p;
    const auto position = integers("training.position", 5);
    const auto times = numbers("training.numbers", {2});
    const auto integer = [&](std::size_t i, const char* name, std::int64_t largest) {
      if (position[i] < 0 || position[i] > largest)
        fail(std::string("training.position: ") + name + ": expected 0 to " +
             std::to_string(largest) + ", got " + std::to_string(position[i]));
      return position[i];
    };
    p.epochs = static_cast<int>(integer(0, "finished epochs", 1'000'000'000));
    p.batch = static_cast<std::size_t>(
        integer(1, "steps of the epoch", static_cast<std::int64_t>(batches)));
    p.step = integer(2, "steps", most);
    p.optimizer_steps = integer(3, "the optimiser's steps", most);
    p.best_epoch = static_cast<int>(integer(4, "best epoch", p.epochs));
    for (const double n : times)
      if (!(n >= 0) || !is_finite(n))
        fail("training.numbers: expected finite numbers from 0 on, got " + number_text(n));
    p.seconds = times[0];
    p.best_figure = times[1];
    p.history.rows = static_cast<std::size_t>(p.epochs);
    for (const SafetensorsEntry& entry : file_.entries()) {
      const std::string_view name = entry.name;
      if (name.starts_with("training.sum.")) {
        const double sum = numbers(entry.name, {})[0];
        if (!is_finite(sum))
          fail(printable(name) + ": expected a finite number, got " + number_text(sum));
        p.sums.emplace_back(name.substr(13), sum);
      } else if (name.starts_with("history.")) {
        p.history.columns.push_back({std::string(name.substr(8)), numbers(entry.name, {p.epochs})});
      }
    }
    return p;
  }

  /// The model's seed and its training forwards so far.
  std::pair<Seed, std::uint64_t> random() {
    const auto random = integers("training.random", 2);
    if (random[1] < 0 || random[1] > most)
      fail("training.random: training forwards: expected 0 to " + std::to_string(most) + ", got " +
           std::to_string(random[1]));
    return {{static_cast<std::uint64_t>(random[0])}, static_cast<std::uint64_t>(random[1])};
  }

  /// The values of a tensor as they stand in the file: all finite, counters not negative.
  std::vector<std::byte> values(const std::string& name, const TrainingTensor& t,
                                std::size_t scalar_size) {
    check(name, dtype_of(t, scalar_size), sides_of(t));
    std::vector<std::byte> bytes = file_.read_bytes(name);
    const std::size_t size = element_size(t, scalar_size);
    for (std::size_t k = 0; k < bytes.size() / size; ++k) {
      const std::byte* const at = bytes.data() + k * size;
      if (is_counter(t)) {
        const auto count = value_at<std::int64_t>(at);
        if (count < 0 || count > most)
          fail("tensor " + printable(name) + ": expected a count of 0 to 2^53, got " +
               std::to_string(count));
        continue;
      }
      const double value =
          size == 4 ? static_cast<double>(value_at<float>(at)) : value_at<double>(at);
      if (!is_finite(value))
        fail("tensor " + printable(name) + ": expected finite values, got " + number_text(value) +
             " at element " + std::to_string(k));
    }
    return bytes;
  }
  /// Errors: FileError if a tensor of the file was not asked for.
  void check_all_read() const {
    for (const SafetensorsEntry& entry : file_.entries())
      if (!read_.count(entry.name)) fail("unexpected tensor " + printable(entry.name));
  }

 private:
  static constexpr std::int64_t most = std::int64_t{1} << 53;  // what a counter may hold

  template <class T>
  static T value_at(const std::byte* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  void check(const std::string& name, const std::string& dtype,
             const std::vector<std::int64_t>& shape) {
    const SafetensorsEntry* const entry = file_.find(name);
    if (!entry) fail("expected a tensor " + printable(name) + ", got none of that name");
    if (entry->dtype != dtype || entry->shape != shape)
      fail("tensor " + printable(name) + ": expected " + dtype + " " + shape_text(shape) +
           ", got " + entry->dtype + " " + shape_text(entry->shape));
    read_.insert(name);
  }
  std::vector<std::int64_t> integers(const std::string& name, std::int64_t count) {
    check(name, "I64", {count});
    return file_.read_i64(name);
  }
  std::vector<double> numbers(const std::string& name, const std::vector<std::int64_t>& shape) {
    check(name, "F64", shape);
    return file_.read_f64(name);
  }

  SafetensorsFile file_;
  std::set<std::string> read_;
};

/// Whether a file may hold a training run that has begun; what cannot be read may.
inline bool has_steps(const std::filesystem::path& path) {
  try {
    return CheckpointReader(path).steps() != 0;
  } catch (const FileError&) {
    return true;
  }
}

}  // namespace tessera::detail
