// SPDX-License-Identifier: BSD-3-Clause
// A checkpoint: one safetensors file with all that a training needs to go on as if it had never
// stopped. It is a hostile file like any other: every size, number and name is checked, and a model
// is changed only once all of it was found good.
//
//   model.NAME         weights, statistics, counters, as in weight files
//   optimizer.B.NAME   buffer B of the optimiser for parameter NAME, laid out like the parameter
//   training.position  I64: finished epochs, steps of the next one, steps in all, the optimiser's
//                      steps, best epoch
//   training.random    I64: the model's seed (64 bits of any kind), training forwards so far: what
//                      layers that are random in training draw from
//   training.numbers   F64: seconds of the epoch in progress, its lowest validation mse so far
//   training.sum.NAME  F64: sum of loss NAME over the epoch in progress
//   history.NAME       F64 [finished epochs]: a column of metrics.csv
//   metadata           tessera.system, tessera.checkpoint (the format: 2), tessera.recipe.FIELD
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tessera/io/safetensors.hpp>
#include <tessera/training/configuration.hpp>
#include <tessera/training/training_state.hpp>

namespace tessera {

namespace detail {

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

inline std::vector<std::int64_t> sides_of(const TrainingTensor& t) {
  return std::vector<std::int64_t>(t.parameter.dims.size,
                                   t.parameter.dims.size + t.parameter.dims.rank);
}
inline bool is_counter(const TrainingTensor& t) { return t.parameter.role == Role::counter; }
inline std::size_t element_size(const TrainingTensor& t, std::size_t scalar_size) {
  return is_counter(t) ? sizeof(std::int64_t) : scalar_size;
}
inline std::string dtype_of(const TrainingTensor& t, std::size_t scalar_size) {
  return is_counter(t) ? "I64" : scalar_size == 4 ? "F32" : "F64";
}

/// Copies a tensor's values between memory and the order of files.
inline void copy_values(const TrainingTensor& t, std::size_t size, std::span<std::byte> listed,
                        bool to_memory) {
  for (std::size_t k = 0; k < listed.size() / size; ++k) {
    std::byte* const memory =
        t.data +
        static_cast<std::size_t>(memory_index(t.parameter, static_cast<std::int64_t>(k))) * size;
    std::byte* const file = listed.data() + k * size;
    std::memcpy(to_memory ? memory : file, to_memory ? file : memory, size);
  }
}

/// Calls take(name in a checkpoint, tensor) for all of a training.
inline void for_each_tensor(
    const TrainingState& state,
    const std::function<void(const std::string&, const TrainingTensor&)>& take) {
  for (const TrainingTensor& t : state.model) take("model." + t.name, t);
  for (std::size_t b = 0; b < state.optimizer.size(); ++b)
    for (const TrainingTensor& t : state.optimizer[b])
      take("optimizer." + std::to_string(b) + "." + t.name, t);
}

/// Adds a tensor to a file. `kept` gets the values, which must live until the file is saved.
inline void add_tensor(SafetensorsWriter& writer, const std::string& name, const TrainingTensor& t,
                       std::size_t scalar_size, std::deque<std::vector<std::byte>>& kept) {
  const std::size_t size = element_size(t, scalar_size);
  auto& values = kept.emplace_back(static_cast<std::size_t>(t.parameter.dims.count()) * size);
  copy_values(t, size, values, false);
  writer.add_bytes(name, dtype_of(t, scalar_size), sides_of(t), values);
}

}  // namespace detail

/// Writes a model's weights as save_weights does, without its type. Errors: FileError
inline void save_weights(const TrainingState& state, const std::filesystem::path& path,
                         const std::string& system) {
  SafetensorsWriter writer;
  if (!system.empty()) writer.metadata("tessera.system", system);
  std::deque<std::vector<std::byte>> kept;
  for (const TrainingTensor& t : state.model)
    detail::add_tensor(writer, t.name, t, state.scalar_size, kept);
  writer.save(path);
}

/// Writes a checkpoint, atomically. Errors: FileError
inline void save_checkpoint(const std::filesystem::path& path, const TrainingState& state,
                            const TrainingProgress& progress, const Configuration& recipe,
                            const std::string& system) {
  SafetensorsWriter writer;  // keeps spans: what they point to must not move
  writer.metadata("tessera.checkpoint", std::string(detail::checkpoint_format));
  if (!system.empty()) writer.metadata("tessera.system", system);
  for (const auto& [name, text] : recipe)
    writer.metadata(std::string(detail::recipe_prefix) + name, text);
  std::deque<std::vector<std::byte>> kept;
  detail::for_each_tensor(state, [&](const std::string& name, const TrainingTensor& t) {
    detail::add_tensor(writer, name, t, state.scalar_size, kept);
  });
  const std::int64_t position[]{progress.epochs, static_cast<std::int64_t>(progress.batch),
                                progress.step, progress.optimizer_steps, progress.best_epoch};
  const std::int64_t random[]{static_cast<std::int64_t>(state.seed->value),
                              static_cast<std::int64_t>(*state.training_passes)};
  const double numbers[]{progress.seconds, progress.best_mse};
  writer.add("training.position", {5}, position);
  writer.add("training.random", {2}, random);
  writer.add("training.numbers", {2}, numbers);
  for (const auto& [name, sum] : progress.sums)
    writer.add("training.sum." + name, {}, std::span(&sum, 1));
  for (const auto& column : progress.history.columns)
    writer.add("history." + column.name, {static_cast<std::int64_t>(column.values.size())},
               std::span<const double>(column.values));
  writer.save(path);
}

namespace detail {

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
                      ": the checkpoint of another training; only the number of epochs may change "
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
      if (!(n >= 0) || !std::isfinite(n))
        fail("training.numbers: expected finite numbers from 0 on, got " + number_text(n));
    p.seconds = times[0];
    p.best_mse = times[1];
    p.history.rows = static_cast<std::size_t>(p.epochs);
    for (const SafetensorsEntry& entry : file_.entries()) {
      const std::string_view name = entry.name;
      if (name.starts_with("training.sum.")) {
        const double sum = numbers(entry.name, {})[0];
        if (!std::isfinite(sum))
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
      if (!std::isfinite(value))
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

/// Whether a file may hold a training that has begun; what cannot be read may.
inline bool has_steps(const std::filesystem::path& path) {
  try {
    return CheckpointReader(path).steps() != 0;
  } catch (const FileError&) {
    return true;
  }
}

}  // namespace detail

/// Reads a checkpoint into a model, its random layers' numbers included, and the optimiser's
/// buffers, which are changed only if all of it
/// is good. `batches` is the number of steps of an epoch, `epochs` how many are asked for in all.
/// Errors: FileError, if the file cannot be read, breaks a rule, or belongs to another training
/// (the sentence names the fields of the recipe that differ); ArgumentError if it has more epochs
inline TrainingProgress load_checkpoint(const std::filesystem::path& path,
                                        const TrainingState& state, const Configuration& recipe,
                                        std::size_t batches, int epochs) {
  detail::CheckpointReader reader(path);
  reader.check_recipe(recipe);
  TrainingProgress progress = reader.progress(batches);
  if (progress.epochs + (progress.batch > 0) > epochs)
    throw ArgumentError(path.string() + ": this training has finished " +
                        std::to_string(progress.epochs) + " epochs" +
                        (progress.batch > 0 ? " and a part of the next" : "") +
                        "; expected at least as many in all, got " + std::to_string(epochs));
  const auto [seed, training_passes] = reader.random();
  std::vector<std::vector<std::byte>> values;
  detail::for_each_tensor(state, [&](const std::string& name, const TrainingTensor& t) {
    values.push_back(reader.values(name, t, state.scalar_size));
  });
  reader.check_all_read();
  std::size_t next = 0;
  detail::for_each_tensor(state, [&](const std::string&, const TrainingTensor& t) {
    detail::copy_values(t, detail::element_size(t, state.scalar_size), values[next++], true);
  });
  *state.seed = seed;
  *state.training_passes = training_passes;
  return progress;
}

}  // namespace tessera
