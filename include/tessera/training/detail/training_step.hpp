// SPDX-License-Identifier: BSD-3-Clause
// One training step of one network: forward, loss, backward, clipping, update.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tessera/losses/loss_watch.hpp>
#include <tessera/optimizers/optimizer.hpp>
#include <tessera/tensor/repeated.hpp>
#include <tessera/training/detail/attempt.hpp>
#include <tessera/training/detail/first_non_finite.hpp>

namespace tessera {

/// Steps of a model with a loss and an optimiser. On a GPU a step is recorded as a graph and
/// repeated: it neither waits nor allocates, and what it computes is known after `collect`.
template <class ModelType, class LossType, class Algorithm>
class TrainingStep {
 public:
  using T = typename ModelType::Scalar;
  using Device = typename ModelType::DeviceType;

  TrainingStep(ModelType& model, LossType loss, Algorithm algorithm)
      : model_(&model),
        loss_(std::move(loss)),
        optimizer_(model, std::move(algorithm)),
        watch_(model.context()),
        kept_(model.state(), model.context()) {
    if constexpr (!on_host) optimizer_.set_gate(watch_.gate());
  }

  /// A pass for batches of this size, with whatever the loss asks for.
  Pass<Device, T> make_pass(int batch_size) {
    repeated_.reset();  // a new pass may lie where the recorded one lay
    PassOptions options{.batch = batch_size};
    prepare_loss(loss_, options);
    return model_->pass(options);
  }

  /// A step on what lies in the pass's input; false where the loss is not finite: then, and where
  /// it throws, parameters, running statistics and counters are as before the step. A GPU gives
  /// true, and updates nothing from such a step on.
  bool operator()(Pass<Device, T>& pass, const Truth<T>& truth, double factor, double clip_norm) {
    const auto& state = model_->state();
    const Call call{&pass,           pass.input().data, truth.images.data,
                    truth.hole.data, clip_norm,         pass.mode()};
    if (call != call_ || frozen_ != state.frozen || frozen_statistics_ != state.frozen_statistics) {
      repeated_.reset();
      call_ = call;
      frozen_ = state.frozen;
      frozen_statistics_ = state.frozen_statistics;
    }
    if constexpr (!on_host) {
      optimizer_.prepare_step(factor);
      ++uncollected_;
    }
    repeated_(model_->context(), [&] {
      recorded_.clear();
      Attempt attempt(kept_);
      pass.forward();
      pass.zero_gradients();
      loss_(pass, truth, recorded_);
      if (!(finite_ = watch_.note(recorded_))) return;
      attempt.accept(watch_.gate());
      model_->zero_gradients();
      pass.backward();
      if constexpr (on_host) optimizer_.prepare_step(factor);
      if (clip_norm > 0) optimizer_.launch_step(optimizer_.clip_scale(clip_norm));
      else optimizer_.launch_step(1.0);
    });
    terms_ = recorded_;
    return finite_;
  }

  /// The last step's terms; on a GPU they are read when asked for.
  const LossTerms& terms() const { return terms_; }
  /// Adds what was noted since the last call to the sums; see LossWatch.
  auto collect(LossSums& sums) {
    const auto seen = watch_.collect(sums);
    if constexpr (!on_host) {  // steps that updated nothing do not count
      if (!seen.finite) optimizer_.set_steps(optimizer_.steps() - (uncollected_ - seen.steps));
      uncollected_ = 0;
    }
    return seen;
  }
  /// Where the step on what lies in the pass's input went wrong, as the end of a sentence. The
  /// forward that it does again leaves no trace in the model.
  std::string explain(Pass<Device, T>& pass, const Truth<T>& truth) {
    const Attempt attempt(kept_);
    return first_non_finite(ModelType::structure(), model_->state(), pass, truth);
  }

  Optimizer<ModelType, Algorithm>& optimizer() { return optimizer_; }
  const LossType& loss() const { return loss_; }

 private:
  static constexpr bool on_host = Memory<Device>::on_host;
  /// What a recorded step has fixed.
  struct Call {
    const void *pass = nullptr, *input = nullptr, *images = nullptr, *hole = nullptr;
    double clip_norm = 0;
    Mode mode{};
    bool operator==(const Call&) const = default;
  };

  ModelType* model_;
  LossType loss_;
  Optimizer<ModelType, Algorithm> optimizer_;
  LossWatch<Device> watch_;
  KeptState<T, Device> kept_;
  Repeated<Device> repeated_;
  Call call_{};
  std::vector<std::uint8_t> frozen_, frozen_statistics_;  // when it was recorded
  LossTerms recorded_, terms_;
  bool finite_ = true;
  std::int64_t uncollected_ = 0;  // steps of a GPU that were not looked at
};

}  // namespace tessera
