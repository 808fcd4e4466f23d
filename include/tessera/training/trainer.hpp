// SPDX-License-Identifier: BSD-3-Clause
// Trains a model: epochs of batches, each a forward, a loss, a backward and an optimiser step.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <tessera/io/weights.hpp>
#include <tessera/losses/loss.hpp>
#include <tessera/optimizers/optimizer.hpp>
#include <tessera/optimizers/schedule.hpp>
#include <tessera/training/metrics.hpp>

namespace tessera {

/// What the trainer tells after each epoch.
struct EpochReport {
  int epoch = 0, epochs = 0;  // from 1
  std::int64_t step = 0;
  double seconds = 0, images_per_second = 0, learning_rate = 0;
  std::vector<std::pair<std::string, double>>
      losses;  // means over the epoch, by name; "loss" is the weighted total
  std::optional<Metrics> test;
};

struct FitOptions {
  int epochs = 1;
  int batch_size = 100;
  Seed seed{};                 // of order and masks
  Seed test_mask_seed{12345};  // of the fixed masks of the test images
  double clip_norm = 0;        // largest L2 norm of all gradients together; 0: no clipping
  Schedule schedule{};
  std::filesystem::path out{};  // where model.safetensors is written at the end; empty: nowhere
  std::function<void(const EpochReport&)> on_epoch{};
};

/// Trains `model` with a loss and an optimiser. The optimiser's state lives as long as the trainer,
/// so `fit` may be called again.
template <class ModelType, Loss LossType, class Algorithm>
class Trainer {
 public:
  using T = typename ModelType::Scalar;
  using Device = typename ModelType::DeviceType;
  using Net = typename ModelType::Network;

  Trainer(ModelType& model, LossType loss, Algorithm algorithm)
      : model_(&model), loss_(std::move(loss)), optimizer_(model, std::move(algorithm)) {}

  /// Trains on masked images; each epoch has a new order and new masks, and drops the samples that
  /// do not fill a batch. Errors: ShapeError, ArgumentError for sizes that do not fit; FileError;
  /// Error where the loss is not finite
  template <class Data, class Masks>
  EpochReport fit(const MaskedData<Data, Masks>& train, const FitOptions& options) {
    return run(train, options, [] { return std::optional<Metrics>{}; });
  }
  /// The same, with metrics of test images under fixed masks after each epoch.
  template <class Data, class Masks, class TestData, class TestMasks>
  EpochReport fit(const MaskedData<Data, Masks>& train, const MaskedData<TestData, TestMasks>& test,
                  const FitOptions& options) {
    check_shape(test.shape());
    const int size = std::min(options.batch_size, static_cast<int>(test.size()));
    Loader loader(test, LoaderOptions::evaluation(size, options.test_mask_seed));
    Batch batch = loader.make_batch();
    auto pass = model_->pass({.batch = size, .mode = Mode::evaluate, .gradients = false});
    return run(train, options, [&] { return std::optional(evaluate(pass, loader, batch)); });
  }

  /// One training step on a batch that was written into `pass`: gradients, clipping, update.
  /// Returns the loss's terms.
  const LossTerms& step(Pass<Device, T>& pass, const Truth<T>& truth,
                        double learning_rate_factor = 1, double clip_norm = 0) {
    terms_.clear();
    pass.forward();
    pass.zero_gradients();
    loss_(pass, truth, terms_);
    model_->zero_gradients();
    pass.backward();
    const double scale = clip_norm > 0 ? optimizer_.clip_scale(clip_norm) : 1;
    optimizer_.step(learning_rate_factor, scale);
    return terms_;
  }

  /// A training pass for batches of this size, with whatever the loss asks for.
  Pass<Device, T> make_pass(int batch_size) {
    PassOptions options{.batch = batch_size};
    prepare_loss(loss_, options);
    return model_->pass(options);
  }
  Optimizer<ModelType, Algorithm>& optimizer() { return optimizer_; }

 private:
  template <class Data, class Masks, class Evaluate>
  EpochReport run(const MaskedData<Data, Masks>& train, const FitOptions& options,
                  const Evaluate& evaluate_test) {
    check_shape(train.shape());
    if (options.epochs < 1)
      throw ArgumentError("fit: expected at least 1 epoch, got " + std::to_string(options.epochs));
    Loader loader(train, LoaderOptions::training(options.batch_size, options.seed));
    Batch batch = loader.make_batch();
    Pass<Device, T> pass = make_pass(options.batch_size);
    if (!options.out.empty()) std::filesystem::create_directories(options.out);
    EpochReport report;
    for (int epoch = 1; epoch <= options.epochs; ++epoch) {
      const auto start = std::chrono::steady_clock::now();
      report = EpochReport{epoch, options.epochs, report.step, 0, 0, 0, {}, {}};
      for (loader.start_epoch(static_cast<std::uint64_t>(epoch)); loader.next(batch);
           ++report.step) {
        const double time =
            epoch - 1 +
            static_cast<double>(loader.position() - 1) / static_cast<double>(loader.batches());
        const double factor = options.schedule.factor(time);
        report.learning_rate = optimizer_.algorithm().learning_rate * factor;
        write_input(pass, batch);
        accumulate(report, step(pass, truth_of(batch), factor, options.clip_norm));
      }
      for (auto& [name, value] : report.losses) value /= static_cast<double>(loader.batches());
      const std::chrono::duration<double> training = std::chrono::steady_clock::now() - start;
      report.images_per_second = static_cast<double>(loader.samples()) / training.count();
      report.test = evaluate_test();
      report.seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (options.on_epoch) options.on_epoch(report);
    }
    if (!options.out.empty()) save_weights(*model_, options.out / "model.safetensors");
    return report;
  }

  static void check_shape(const Shape& images) {
    if (const Shape expected = input_shape<Net>.unmasked(); images != expected)
      throw ShapeError("fit: the network takes images of " + to_string(expected) +
                       ", the data set has " + to_string(images));
  }
  void write_input(Pass<Device, T>& pass, const Batch& batch) {
    const View<T> x = pass.input();
    std::copy_n(batch.masked.data(), x.size(), x.data);
    if (const MutableMaskView valid = pass.input_valid())
      valid_from_hole(batch.hole.data(), valid.data, static_cast<std::size_t>(valid.pixels()));
    if constexpr (!std::is_same_v<T, float>) {
      if (images_.size() == 0) images_ = Tensor<T>(batch.image.batch(), batch.image.shape());
      std::copy_n(batch.image.data(), images_.size(), images_.data());
    }
  }
  Truth<T> truth_of(const Batch& batch) {
    if constexpr (std::is_same_v<T, float>) return {batch.images(), batch.hole.data()};
    else return {images_.view(), batch.hole.data()};
  }
  static void accumulate(EpochReport& report, const LossTerms& terms) {
    if (!std::isfinite(terms.total()))
      throw Error("training stopped: the loss is not finite at step " +
                  std::to_string(report.step) + " (epoch " + std::to_string(report.epoch) + ")");
    const auto add = [&](std::string_view name, double value) {
      for (auto& [n, sum] : report.losses)
        if (n == name) {
          sum += value;
          return;
        }
      report.losses.emplace_back(name, value);
    };
    add("loss", terms.total());
    for (const auto& term : terms.terms()) add(term.name, term.value);
  }

  ModelType* model_;
  LossType loss_;
  Optimizer<ModelType, Algorithm> optimizer_;
  LossTerms terms_;
  Tensor<T> images_;  // only where T is not float
};

}  // namespace tessera
