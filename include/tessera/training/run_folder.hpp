// SPDX-License-Identifier: BSD-3-Clause
// The files that a training run keeps in FitOptions::out. A header of its own: who trains without a
// folder does not pay for its compilation.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <tessera/io/file.hpp>
#include <tessera/training/callbacks.hpp>
#include <tessera/training/checkpoint.hpp>

namespace tessera {

/// Weights, checkpoint and metrics.csv in one folder; FitOptions says what is written when.
class RunFolder final : public TrainingFiles {
 public:
  explicit RunFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void begin(const TrainingState& state, TrainingProgress& at, const Configuration& recipe,
             std::size_t batches, const FitOptions& options) override {
    recipe_ = recipe;
    system_ = options.system;
    const std::filesystem::path checkpoint = folder_ / "checkpoint.safetensors";
    std::error_code error;
    const bool there = std::filesystem::exists(checkpoint, error);
    if (options.resume) {
      if (!there) throw FileError("fit: nothing to resume: there is no " + checkpoint.string());
      at = load_checkpoint(checkpoint, state, recipe, batches, options.epochs);
      write_metrics(at);
      return;
    }
    if (there && !options.overwrite && detail::has_steps(checkpoint))
      throw FileError("fit: " + folder_.string() +
                      " holds the checkpoint of an earlier training: resume it, ask to overwrite "
                      "it, or name another folder");
    std::filesystem::create_directories(folder_, error);
    if (error) throw FileError(folder_.string() + ": cannot make the folder: " + error.message());
    save(state, at);
    for (const char* old : {"model.safetensors", "best.safetensors", "metrics.csv"})
      if (there) std::filesystem::remove(folder_ / old, error);
  }

  void save(const TrainingState& state, const TrainingProgress& at) override {
    save_checkpoint(folder_ / "checkpoint.safetensors", state, at, recipe_, system_);
  }

  /// The checkpoint comes behind the weights: after a kill between the two, the epoch is done
  /// again, with the same bits.
  void epoch(const TrainingState& state, const TrainingProgress& at, bool best) override {
    if (best) save_weights(state, folder_ / "best.safetensors", system_);
    save_weights(state, folder_ / "model.safetensors", system_);
    save(state, at);
    write_metrics(at);
  }

 private:
  void write_metrics(const TrainingProgress& at) const {
    write_file_atomically(folder_ / "metrics.csv", metrics_csv(at.history));
  }

  std::filesystem::path folder_;
  Configuration recipe_;
  std::string system_;
};

/// What OutFolder calls. An empty path is no folder.
template <class Path>
std::shared_ptr<TrainingFiles> open_folder(const OutPath<Path>& out) {
  if (out.path.empty()) return nullptr;
  return std::make_shared<RunFolder>(out.path);
}

}  // namespace tessera
