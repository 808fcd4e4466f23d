// SPDX-License-Identifier: BSD-3-Clause
// The checkpoint reader, for a small model with parameters, statistics and a counter. A refused
// file changes nothing.

#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/network/model.hpp>
#include <tessera/training/checkpoint.hpp>

#include "../temporary_folder.hpp"
#include "memory_file.hpp"
#include "safetensors_input.hpp"

namespace {

using Net = tessera::Network<tessera::Input<2, 2, 2>, tessera::Named<"n", tessera::BatchNorm2d<2>>>;

constexpr std::size_t batches = 10;
const tessera::Configuration recipe{{"loss", "mse"}, {"seed", "7"}};

/// A model and two buffers of an optimiser.
struct Training {
  tessera::Model<Net> model;
  std::vector<std::vector<float>> buffers;
  tessera::TrainingState state;

  Training()
      : buffers(2, std::vector<float>(model.parameters().size())),
        state(tessera::detail::training_state<float>(Net::structure, model.state(),
                                                     {buffers[0], buffers[1]})) {}

  std::vector<float> numbers() {
    std::vector<float> all(model.parameters().begin(), model.parameters().end());
    for (const auto& buffer : buffers) all.insert(all.end(), buffer.begin(), buffer.end());
    for (const float v : model.statistics()) all.push_back(v);
    return all;
  }
};

std::string seed_with(int epochs) {
  Training training;
  tessera::TrainingProgress progress;
  progress.epochs = epochs;
  progress.batch = 3;
  progress.step = 13;
  progress.optimizer_steps = 13;
  progress.seconds = 1.5;
  progress.sums = {{"loss", 0.25}};
  for (int epoch = 1; epoch <= epochs; ++epoch)
    progress.history.add({{"epoch", epoch}, {"train_loss", 0.5}});
  const tessera::testing::TemporaryFolder folder;
  tessera::save_checkpoint(folder / "c", training.state, progress, recipe, "net");
  const auto bytes = tessera::read_file(folder / "c", 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Training training;
  static tessera::fuzz::MemoryFile file;
  file.assign(data, size);
  const std::vector<float> before = training.numbers();
  bool loaded = false;
  tessera::fuzz::expect_result_or_error([&] {
    const tessera::TrainingProgress progress =
        tessera::load_checkpoint(file.path(), training.state, recipe, batches, 100);
    loaded = true;
    if (progress.epochs < 0 || progress.batch > batches || progress.best_epoch > progress.epochs)
      __builtin_trap();
    for (const auto& column : progress.history.columns)
      if (column.values.size() != progress.history.rows) __builtin_trap();
    if (training.model.counter("n.num_batches_tracked") < 0) __builtin_trap();
  });
  if (!loaded &&
      std::memcmp(before.data(), training.numbers().data(), before.size() * sizeof(float)) != 0)
    __builtin_trap();
  return 0;
}

std::vector<std::string> seeds() { return {seed_with(0), seed_with(1), seed_with(3)}; }
