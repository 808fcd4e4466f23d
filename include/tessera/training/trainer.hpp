// SPDX-License-Identifier: BSD-3-Clause
// Trains a model: epochs of batches, each a forward, a loss, a backward and an optimiser step.
#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tessera/tensor/finite.hpp>
#include <tessera/training/callbacks.hpp>
#include <tessera/training/detail/batch_input.hpp>
#include <tessera/training/detail/batch_source.hpp>
#include <tessera/training/detail/evaluation_set.hpp>
#include <tessera/training/detail/host_state.hpp>
#include <tessera/training/detail/training_step.hpp>

namespace tessera {

/// Trains `model` with a loss and an optimiser. The optimiser's state lives as long as the trainer,
/// so `fit` may be called again.
template <class ModelType, Loss LossType, class Algorithm>
class Trainer {
 public:
  using T = typename ModelType::Scalar;
  using Device = typename ModelType::DeviceType;
  using Net = typename ModelType::Network;

  Trainer(ModelType& model, LossType loss, Algorithm algorithm)
      : model_(&model),
        step_(model, std::move(loss), std::move(algorithm)),
        state_(model, step_.optimizer()) {}
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// From now on each epoch ends with metrics over these images under fixed masks, which depend on
  /// the seed alone. Validation chooses best.safetensors; a test set chooses nothing.
  /// Errors: ShapeError if the images are not of the network's size
  template <class Data, class Masks>
  void validate_on(const MaskedData<Data, Masks>& data, Seed mask_seed = {54321}) {
    check_shape(data.shape());
    validation_ = Set(data, mask_seed);
  }
  template <class Data, class Masks>
  void test_on(const MaskedData<Data, Masks>& data, Seed mask_seed = {12345}) {
    check_shape(data.shape());
    test_ = Set(data, mask_seed);
  }

  /// Trains on masked images; each epoch has a new order and new masks, and drops the samples that
  /// do not fill a batch. Returns the report of the last epoch. With `resume`, a training run that is
  /// complete already calls on_epoch once with the report of its last epoch.
  /// Errors: ShapeError, ArgumentError for sizes and options that do not fit; FileError; Error
  /// where the loss is not finite: its text says where that began. The model is then as the last
  /// step with a finite loss left it, running statistics and counters too, and `fit` may be called
  /// again, with other data or from the last checkpoint
  template <class Data, class Masks>
  EpochReport fit(const MaskedData<Data, Masks>& train, const FitOptions& options) {
    check(options);
    check_shape(train.shape());
    const auto source = make_source(
        train, LoaderOptions::training(options.batch_size, options.seed), options.workers);
    return run(*source, Set(train, options.seed), options);
  }

  /// One training step on a batch that was written into `pass`: gradients, clipping, update.
  /// Returns the loss's terms. Errors: Error where the loss is not finite; parameters, running
  /// statistics and counters are then as before the step. On a GPU no step is waited for: from one
  /// whose loss is not finite on none changes anything, and the terms, which wait when they are
  /// read, say so
  const LossTerms& step(Pass<Device, T>& pass, const Truth<T>& truth,
                        double learning_rate_factor = 1, double clip_norm = 0) {
    if (!step_(pass, truth, learning_rate_factor, clip_norm))
      throw Error("step: the loss is not finite");
    return step_.terms();
  }

  /// A training pass for batches of this size, with whatever the loss asks for.
  Pass<Device, T> make_pass(int batch_size) { return step_.make_pass(batch_size); }
  Optimizer<ModelType, Algorithm>& optimizer() { return step_.optimizer(); }

 private:
  using Set = EvaluationSet<Device, T>;
  using Clock = std::chrono::steady_clock;

  /// What one `fit` works with.
  struct Fit {
    const FitOptions& options;
    BatchSource& train;
    Configuration recipe;
    std::shared_ptr<const Configuration> shown;
    TrainingProgress at;
    Set samples;
    Clock::time_point start;
    double rate_factor = 1;  // of the last step's learning rate

    double seconds() const { return std::chrono::duration<double>(Clock::now() - start).count(); }
    bool out_of_time() const { return options.max_seconds > 0 && seconds() >= options.max_seconds; }
  };

  EpochReport run(BatchSource& train, Set train_set, const FitOptions& options) {
    for (Set* set : {&validation_, &test_}) set->open(options.batch_size, options.workers);
    Fit fit{options, train, describe(train, options), {}, {}, {}, Clock::now()};
    Configuration shown = fit.recipe;
    shown.emplace_back("epochs", std::to_string(options.epochs));
    shown.emplace_back("device", model_->context().describe());
    fit.shown = std::make_shared<const Configuration>(std::move(shown));
    if (options.samples > 0) {
      fit.samples = validation_ ? validation_.copy() : test_ ? test_.copy() : std::move(train_set);
      fit.samples.open(options.samples, 0);
    }
    LossSums before;
    step_.collect(before);  // of the caller's own steps
    begin(fit);
    seen_steps_ = fit.at.step;
    if (fit.at.epochs == options.epochs) {  // resumed, and nothing is left to do
      EpochReport report = report_of(fit, fit.at.epochs);
      detail::read_last_row(fit.at.history, report);
      finish(fit, report);
      return report;
    }
    Pass<Device, T> pass = make_pass(options.batch_size);
    BatchInput<Device, T> input(model_->context());
    Batch batch = train.make_batch();
    for (;;) {
      const bool stopped = !train_epoch(fit, pass, input, batch);
      EpochReport report = report_of(fit, fit.at.epochs + 1);
      report.seconds = fit.at.seconds;
      report.images_per_second = images_per_second(fit);
      report.learning_rate = learning_rate(fit);
      report.losses = fit.at.sums;
      for (auto& loss : report.losses) loss.second /= static_cast<double>(fit.at.batch);
      if (stopped) {
        report.stopped = true;
        fit.at.optimizer_steps = optimizer().steps();
        if (options.out) options.out->save(state_.fetch(), fit.at);
        return report;
      }
      const auto start = Clock::now();
      report.validation = validation_.metrics(evaluation_pass(),
                                              telling(options, report, "validation", validation_));
      report.test = test_.metrics(evaluation_pass(), telling(options, report, "test", test_));
      report.seconds += std::chrono::duration<double>(Clock::now() - start).count();
      record(fit, report);
      finish(fit, report);
      if (fit.at.epochs == options.epochs || fit.out_of_time()) return report;
    }
  }

  /// The steps that the epoch still lacks; false where `stop` or the time ended it.
  bool train_epoch(Fit& fit, Pass<Device, T>& pass, BatchInput<Device, T>& input, Batch& batch) {
    TrainingProgress& at = fit.at;
    const FitOptions& options = fit.options;
    const auto start = Clock::now() - std::chrono::duration_cast<Clock::duration>(
                                          std::chrono::duration<double>(at.seconds));
    if (at.batch > 0) fit.rate_factor = schedule_factor(fit, at.batch - 1);  // of a resumed epoch
    for (fit.train.start_epoch(static_cast<std::uint64_t>(at.epochs) + 1, at.batch);
         fit.train.next(batch);) {
      const Truth<T> truth = input.write(pass, batch);
      fit.rate_factor = schedule_factor(fit, at.batch);
      step_(pass, truth, fit.rate_factor, options.clip_norm);
      const bool last = at.batch + 1 == fit.train.batches();
      if (const std::int64_t steps = at.step + 1 - seen_steps_; steps >= look_every || last)
        if (!look(at)) {
          input.write(pass, batch);  // its memory may have been used again
          throw Error("training stopped: the loss is not finite at step " +
                      std::to_string(seen_steps_) + " (epoch " + std::to_string(at.epochs + 1) +
                      "): " + step_.explain(pass, truth));
        }
      ++at.batch;
      ++at.step;
      at.seconds = std::chrono::duration<double>(Clock::now() - start).count();
      if (options.on_step)
        options.on_step({at.epochs + 1, options.epochs, at.batch, fit.train.batches(), at.step,
                         seen_loss_, learning_rate(fit), at.seconds, images_per_second(fit)});
      if (!(options.stop && options.stop()) && (last || !fit.out_of_time())) continue;
      if (!look(at)) throw Error("training stopped: the loss is not finite");
      return false;
    }
    return true;
  }

  /// Takes the losses of the steps since the last look; false where one is not finite.
  bool look(TrainingProgress& at) {
    const auto seen = step_.collect(at.sums);
    seen_steps_ += seen.steps;
    if (seen.steps > 0) seen_loss_ = seen.total;
    return seen.finite;
  }
  static double schedule_factor(const Fit& fit, std::size_t batch) {
    double epochs =
        fit.at.epochs + static_cast<double>(batch) / static_cast<double>(fit.train.batches());
    if (const double limit = fit.options.max_seconds; limit > 0)
      epochs = std::max(epochs, fit.options.epochs * std::min(fit.seconds() / limit, 1.0));
    return fit.options.schedule.factor(epochs);
  }
  double learning_rate(const Fit& fit) {
    return step_.optimizer().algorithm().learning_rate * fit.rate_factor;
  }
  static double images_per_second(const Fit& fit) {
    const double images = static_cast<double>(fit.at.batch) * fit.options.batch_size;
    return fit.at.seconds > 0 ? images / fit.at.seconds : 0;
  }
  static std::function<void(std::size_t)> telling(const FitOptions& options,
                                                  const EpochReport& report, const char* name,
                                                  const Set& set) {
    if (!options.on_evaluation) return {};
    return [&options, epoch = report.epoch, epochs = report.epochs, name,
            images = set.images()](std::size_t done) {
      options.on_evaluation({epoch, epochs, name, done, images});
    };
  }
  auto evaluation_pass() {
    return [this](int batch) {
      return model_->pass({.batch = batch, .mode = Mode::evaluate, .gradients = false});
    };
  }
  static EpochReport report_of(const Fit& fit, int epoch) {
    EpochReport report;
    report.epoch = epoch;
    report.epochs = fit.options.epochs;
    report.step = fit.at.step;
    report.best_epoch = fit.at.best_epoch;
    report.configuration = fit.shown;
    return report;
  }

  // --- files -----------------------------------------------------------------------------------

  static void check(const FitOptions& options) {
    if (options.epochs < 1)
      throw ArgumentError("fit: expected at least 1 epoch, got " + std::to_string(options.epochs));
    if (options.resume && !options.out)
      throw ArgumentError("fit: to resume, FitOptions::out must name the folder to resume from");
    if (!(options.max_seconds >= 0) || !is_finite(options.max_seconds))
      throw ArgumentError(
          "fit: max_seconds: expected a number of seconds, or 0 for no limit, got " +
          detail::number_text(options.max_seconds));
    best_figure(options);
  }

  /// What FitOptions::best_by names.
  static double Metrics::*best_figure(const FitOptions& options) {
    std::string names;
    for (const auto& column : detail::metric_columns) {
      const std::string_view name = std::string_view(column.validation).substr(11);
      if (name == options.best_by) return column.value;
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    throw ArgumentError("fit: best_by: expected one of " + names + ", got \"" + options.best_by +
                        "\"");
  }

  /// All that decides the bits of a training run, but for the number of epochs.
  Configuration describe(BatchSource& train, const FitOptions& options) {
    const Structure& s = ModelType::structure();
    Configuration recipe{
        {"network", detail::describe_network(s)},
        {"frozen layers", detail::flagged_layers(s, model_->state().frozen)},
        {"frozen statistics", detail::flagged_layers(s, model_->state().frozen_statistics)},
        {"scalar", std::is_same_v<T, float> ? "float32" : "float64"},
        {"loss", describe_loss(step_.loss())},
        {"optimizer", describe_algorithm(optimizer().algorithm())},
        {"schedule", options.schedule.describe()},
        {"gradient norm at most",
         options.clip_norm > 0 ? detail::number_text(options.clip_norm) : "any"},
        {"batch size", std::to_string(options.batch_size)},
        {"seed", std::to_string(options.seed.value)},
        {"training data", describe_data(train)},
        {"validation data", validation_.describe()},
        {"test data", test_.describe()}};
    if (options.best_by != "mse") recipe.emplace_back("best by", options.best_by);
    return recipe;
  }

  /// Reads the checkpoint, or writes the first: so a run that was killed can always be resumed, and
  /// a folder that cannot be written to is found before the work.
  void begin(Fit& fit) {
    fit.at.optimizer_steps = optimizer().steps();
    if (!fit.options.out) return;
    fit.options.out->begin(state_.fetch(), fit.at, fit.recipe, fit.train.batches(), fit.options);
    if (fit.options.resume) state_.store();
    optimizer().set_steps(fit.at.optimizer_steps);
  }

  /// Takes an epoch to the records.
  void record(Fit& fit, const EpochReport& report) {
    TrainingProgress& at = fit.at;
    at.epochs = report.epoch;
    at.batch = 0;
    at.seconds = 0;
    at.sums.clear();
    at.optimizer_steps = optimizer().steps();
    const double figure = report.validation ? *report.validation.*best_figure(fit.options) : 0;
    const bool best =
        report.validation && is_finite(figure) && (at.best_epoch == 0 || figure < at.best_figure);
    if (best) {
      at.best_epoch = report.epoch;
      at.best_figure = figure;
    }
    detail::add_to_history(at.history, report);
    if (fit.options.out) fit.options.out->epoch(state_.fetch(), at, best);
  }
  void finish(Fit& fit, EpochReport& report) {
    report.best_epoch = fit.at.best_epoch;
    report.history = std::make_shared<const History>(fit.at.history);
    if (fit.samples) report.samples = fit.samples.samples(evaluation_pass());
    if (fit.options.on_epoch) fit.options.on_epoch(report);
  }

  static void check_shape(const Shape& images) {
    if (const Shape expected = input_shape<Net>.unmasked(); images != expected)
      throw ShapeError("fit: the network takes images of " + to_string(expected) +
                       ", the data set has " + to_string(images));
  }

  /// Steps between two looks at the losses: on a GPU a look waits for its work.
  static constexpr int look_every = ModelType::on_host ? 1 : 16;

  ModelType* model_;
  TrainingStep<ModelType, LossType, Algorithm> step_;
  HostState<ModelType, Algorithm> state_;
  Set validation_, test_;
  std::int64_t seen_steps_ = 0;  // steps whose losses are known
  double seen_loss_ = 0;         // of the last of them
};

}  // namespace tessera
