// SPDX-License-Identifier: BSD-3-Clause
// A checkpoint: one safetensors file with all that a training run needs to continue as if it had never
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
#include <cstdint>
#include <deque>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <tessera/io/safetensors.hpp>
#include <tessera/training/detail/checkpoint_reader.hpp>
#include <tessera/training/detail/checkpoint_tensors.hpp>
#include <tessera/training/detail/configuration.hpp>
#include <tessera/training/detail/training_state.hpp>

namespace tessera {

namespace detail {

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
  const double numbers[]{progress.seconds, progress.best_figure};
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

/// Reads a checkpoint into a model, its random layers' numbers included, and the optimiser's
/// buffers, which are changed only if all of it is good. `batches` is the number of steps of an
/// epoch, `epochs` how many are asked for in all. Errors: FileError, if the file cannot be read,
/// breaks a rule, or belongs to another training run (the sentence names the fields of the recipe
/// that differ); ArgumentError if it has more epochs
inline TrainingProgress load_checkpoint(const std::filesystem::path& path,
                                        const TrainingState& state, const Configuration& recipe,
                                        std::size_t batches, int epochs) {
  detail::CheckpointReader reader(path);
  reader.check_recipe(recipe);
  TrainingProgress progress = reader.progress(batches);
  if (progress.epochs + (progress.batch > 0) > epochs)
    throw ArgumentError(path.string() + ": this training run has finished " +
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
