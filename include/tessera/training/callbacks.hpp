// SPDX-License-Identifier: BSD-3-Clause
// How a training run is asked for, and what it tells meanwhile.
#pragma once
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tessera/optimizers/schedule.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/tensor.hpp>
#include <tessera/training/detail/configuration.hpp>
#include <tessera/training/detail/history.hpp>
#include <tessera/training/detail/training_state.hpp>
#include <tessera/training/metrics.hpp>

namespace tessera {

/// What the trainer tells after each step.
struct StepReport {
  int epoch = 0, epochs = 0;           // from 1
  std::size_t batch = 0, batches = 0;  // of this epoch; batch from 1
  std::int64_t step = 0;               // steps so far
  double loss = 0, learning_rate = 0;  // of this step
  double seconds = 0;                  // of this epoch so far, evaluation left out
  double images_per_second = 0;        // of this epoch so far
};

/// What the trainer tells while it measures, behind each epoch.
struct EvaluationReport {
  int epoch = 0, epochs = 0;         // from 1
  const char* set = "";              // "validation" or "test"
  std::size_t done = 0, images = 0;  // of the set
};

/// A few images, what the model made of them, and the holes over them.
struct Samples {
  Tensor<float> truth, restored;  // [N, H, W, C]; restored: known pixels put back
  Buffer<std::uint8_t> hole;      // [N, H, W], 1 = hole
};

/// What the trainer tells after each epoch, and what `fit` returns.
struct EpochReport {
  int epoch = 0, epochs = 0;  // from 1
  std::int64_t step = 0;      // steps so far
  double seconds = 0, images_per_second = 0, learning_rate = 0;
  /// Means over the epoch, by name; "loss" is the weighted total.
  std::vector<std::pair<std::string, double>> losses;
  std::optional<Metrics> validation, test;
  int best_epoch = 0;    // the one of best.safetensors; 0 without a validation set
  bool stopped = false;  // the epoch was not finished: FitOptions::stop or max_seconds ended it
  std::shared_ptr<const Samples> samples;              // where FitOptions::samples asks for them
  std::shared_ptr<const History> history;              // of all epochs so far
  std::shared_ptr<const Configuration> configuration;  // of this training run

  /// The mean of one loss over the epoch: of a term by its name ("mse"), or the weighted total
  /// "loss". Errors: ArgumentError where there is none of that name; its text lists those there are
  double loss(std::string_view name = "loss") const {
    std::string names;
    for (const auto& [n, value] : losses) {
      if (n == name) return value;
      names += (names.empty() ? "\"" : ", \"") + n + '"';
    }
    throw ArgumentError("EpochReport: there is no loss \"" + std::string(name) + "\"; there are " +
                        (names.empty() ? "none" : names));
  }
};

namespace detail {

struct MetricColumn {
  const char *validation, *test;
  double Metrics::*value;
};
// SSIM is left out: it would cost more than the rest of an epoch's evaluation.
inline constexpr MetricColumn metric_columns[]{
    {"validation_mse", "test_mse", &Metrics::mse},
    {"validation_hole_mse", "hole_mse", &Metrics::hole_mse},
    {"validation_composite_mse", "composite_mse", &Metrics::composite_mse},
    {"validation_l1", "l1", &Metrics::l1}};

}  // namespace detail

/// Every loss and metric of a report by the name it has in files: losses as train_NAME, metrics of
/// the validation set as validation_NAME, those of the test set as test_mse, hole_mse,
/// composite_mse, l1 and test_psnr.
inline std::vector<std::pair<std::string, double>> figures(const EpochReport& report) {
  std::vector<std::pair<std::string, double>> named;
  for (const auto& [name, value] : report.losses) named.emplace_back("train_" + name, value);
  if (report.validation) {
    for (const auto& c : detail::metric_columns)
      named.emplace_back(c.validation, *report.validation.*c.value);
    named.emplace_back("validation_psnr", report.validation->psnr());
  }
  if (report.test) {
    for (const auto& c : detail::metric_columns) named.emplace_back(c.test, *report.test.*c.value);
    named.emplace_back("test_psnr", report.test->psnr());
  }
  return named;
}

namespace detail {

/// Appends a report as a row of the history, and back.
inline void add_to_history(History& history, const EpochReport& report) {
  std::vector<std::pair<std::string, double>> row{{"epoch", report.epoch},
                                                  {"step", static_cast<double>(report.step)},
                                                  {"seconds", report.seconds},
                                                  {"images_per_second", report.images_per_second},
                                                  {"learning_rate", report.learning_rate}};
  for (auto& figure : figures(report)) row.push_back(std::move(figure));
  history.add(row);
}
inline void read_last_row(const History& history, EpochReport& report) {
  for (const auto& [name, values] : history.columns) {
    const double value = values.back();
    if (is_nan(value)) continue;
    if (name == "seconds") report.seconds = value;
    if (name == "images_per_second") report.images_per_second = value;
    if (name == "learning_rate") report.learning_rate = value;
    if (name.starts_with("train_")) report.losses.emplace_back(name.substr(6), value);
    for (const auto& c : metric_columns) {
      if (name != c.validation && name != c.test) continue;
      std::optional<Metrics>& set = name == c.validation ? report.validation : report.test;
      if (!set) set.emplace();
      Metrics& metrics = *set;
      metrics.*c.value = value;
    }
  }
}

}  // namespace detail

struct FitOptions;

/// Where a training run keeps itself; <tessera/training/run_folder.hpp> has the one there is.
class TrainingFiles {
 public:
  virtual ~TrainingFiles() = default;
  /// Before the first step: a fresh start, or with `resume` reads `state` and `at`.
  virtual void begin(const TrainingState& state, TrainingProgress& at, const Configuration& recipe,
                     std::size_t batches, const FitOptions& options) = 0;
  /// Within an epoch, and behind one.
  virtual void save(const TrainingState& state, const TrainingProgress& at) = 0;
  virtual void epoch(const TrainingState& state, const TrainingProgress& at, bool best) = 0;
};

/// A path on its way to open_folder, which is looked up where OutFolder is made of a path.
template <class Path>
struct OutPath {
  std::filesystem::path path;
};

/// The folder of a training run, from a path; without one nothing is written. To make one of a path
/// needs <tessera/training/run_folder.hpp>.
class OutFolder {
 public:
  OutFolder() = default;
  template <class Path>
  requires std::convertible_to<const Path&, std::filesystem::path> OutFolder(const Path& path)
      : files_(open_folder(OutPath<Path>{std::filesystem::path(path)})) {}

  explicit operator bool() const { return files_ != nullptr; }
  TrainingFiles* operator->() const { return files_.get(); }

 private:
  std::shared_ptr<TrainingFiles> files_;
};

/// How to train. With `out` the folder gets, after each epoch,
///   model.safetensors       the weights of the last epoch
///   best.safetensors        those of the epoch with the lowest `best_by` of the validation set,
///                           if there is one; test figures choose nothing
///   checkpoint.safetensors  all that a resume needs; also written when the run is stopped
///   metrics.csv             a row for each epoch
struct FitOptions {
  int epochs = 1;  // in all, those before a resume included
  int batch_size = 100;
  Seed seed{};           // of order and masks
  double clip_norm = 0;  // largest L2 norm of all gradients together; 0: no clipping
  Schedule schedule{};
  int workers = 0;              // threads that read batches ahead; no bit depends on it
  OutFolder out{};              // the folder to write to; none: nothing is written
  bool resume = false;          // continue from out/checkpoint.safetensors, bit by bit
  bool overwrite = false;       // else a folder with the checkpoint of a training run is refused
  std::string system{};         // the network's name, for the files' metadata tessera.system
  int samples = 0;              // images in EpochReport::samples: the first of the validation set,
                                // else of the test set, else of the training images
  std::string best_by = "mse";  // or "hole_mse", "composite_mse", "l1"
  /// Above 0: the step at which `fit` has taken this long, evaluation included, is the last one.
  /// Within an epoch the checkpoint is saved, as after `stop`; an epoch that is complete by then
  /// ends as always. The schedule goes by the clock where that is ahead: at half the time it is
  /// where half of `epochs` would have brought it. So the bits depend on the machine's speed.
  double max_seconds = 0;
  std::function<void(const StepReport&)> on_step{};
  std::function<void(const EvaluationReport&)> on_evaluation{};
  std::function<void(const EpochReport&)> on_epoch{};
  std::function<bool()> stop{};  // asked after each step; true: save a checkpoint and return
};

}  // namespace tessera
