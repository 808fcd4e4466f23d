// SPDX-License-Identifier: BSD-3-Clause
// One adversarial training step of two networks: the discriminator learns to tell true images from
// generated ones, the generator to make images that are near the truth and are taken for true.
//
//   L_D = w_D (real(D(y)) + fake(D(G(x))))                      G is not trained by it
//   L_G = reconstruction(G(x), y) + w_A generator(D(G(x)))      D is not trained by it
//
// Four passes over two models: G; D on the truth, D on what was generated (each with batch
// statistics of its own, as two calls of a module in PyTorch), and D a second time for G.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tessera/kernels/copy.hpp>
#include <tessera/losses/adversarial.hpp>
#include <tessera/losses/loss_watch.hpp>
#include <tessera/losses/pixel_loss.hpp>
#include <tessera/optimizers/optimizer.hpp>
#include <tessera/tensor/repeated.hpp>
#include <tessera/training/detail/attempt.hpp>

namespace tessera {

/// How the two networks are trained.
struct GanOptions {
  int batch = 1;
  double adversarial_weight = 1;    // w_A
  double discriminator_weight = 1;  // w_D
  double clip_norm = 0;             // of each network's gradients; 0: as they are
  bool generator_first = false;     // else the discriminator is trained first
};

/// What both networks' losses were.
struct GanTerms {
  LossTerms generator, discriminator;
};

/// Trains a generator and a discriminator together, step by step. Both models must outlive it.
///
/// Use        write the generator's input into `generator_pass()`, then call with the truth
/// Rule       a discriminator with one input gets the image; one with two gets the generator's
///            (first) input as its first and the image as its second
/// Errors     ShapeError where the discriminator does not take what the generator makes; Error
///            where a loss is not finite: the network it belongs to, and one that was not trained
///            yet in this step, are then as before the step, running statistics and counters too.
///            A GPU is looked at every 16th step only; from such a step on the network stays as it
///            was
/// GPU        input, truth and both models lie there, in one thread's stream; a step is recorded
///            as a graph and repeated
/// Source     [isola2017]
template <class G, class D, Loss Reconstruction, AdversarialCriterion Criterion, class GAlgorithm,
          class DAlgorithm>
class GanStep {
 public:
  using T = typename G::Scalar;
  using Device = typename G::DeviceType;
  static constexpr int conditions = D::Network::structure.inputs - 1;
  static_assert(conditions == 0 || conditions == 1,
                "tessera: a discriminator has one input, the image, or two: condition and image");
  static_assert(output_shape<typename G::Network>.channels ==
                    D::Network::structure.values[conditions].shape.channels,
                "tessera: the discriminator's image has other channels than what the generator "
                "makes");
  static_assert(conditions == 0 || input_shape<typename G::Network>.channels ==
                                       D::Network::structure.values[0].shape.channels,
                "tessera: the discriminator's condition has other channels than the generator's "
                "input");

  GanStep(G& generator, D& discriminator, Reconstruction reconstruction, Criterion criterion,
          GAlgorithm generator_algorithm, DAlgorithm discriminator_algorithm,
          const GanOptions& options = {})
      : g_(&generator),
        d_(&discriminator),
        reconstruction_(std::move(reconstruction)),
        criterion_(std::move(criterion)),
        g_optimizer_(generator, std::move(generator_algorithm)),
        d_optimizer_(discriminator, std::move(discriminator_algorithm)),
        options_(options),
        g_watch_(g_->context()),
        d_watch_(d_->context()),
        g_kept_(g_->state(), g_->context()),
        d_kept_(d_->state(), d_->context()),
        generated_(g_->pass(generator_request())),
        real_(d_->pass(discriminator_request())),
        fake_(d_->pass(discriminator_request())),
        judged_(d_->pass({.batch = options.batch,
                          .parameter_gradients = false,
                          .input_gradients = true,
                          .inputs = discriminator_inputs()})) {
    if constexpr (!on_host) {
      if (&g_->context().engine() != &d_->context().engine())
        throw ArgumentError("gan_step: both models need to be made in one thread, on one GPU");
      g_optimizer_.set_gate(g_watch_.gate());
      d_optimizer_.set_gate(d_watch_.gate());
    }
  }

  Pass<Device, T>& generator_pass() { return generated_; }
  Optimizer<G, GAlgorithm>& generator_optimizer() { return g_optimizer_; }
  Optimizer<D, DAlgorithm>& discriminator_optimizer() { return d_optimizer_; }

  /// One step of each network; `factor` multiplies both learning rates.
  const GanTerms& operator()(const Truth<T>& truth, double factor = 1) {
    detail::check_truth("gan_step", generated_.output(), truth);
    const Call call{generated_.input().data, truth.images.data, truth.hole.data};
    if (call != call_ || !same_flags()) {
      repeated_.reset();
      call_ = call;
      frozen_[0] = g_->state().frozen, frozen_[1] = d_->state().frozen;
      statistics_[0] = g_->state().frozen_statistics;
      statistics_[1] = d_->state().frozen_statistics;
    }
    if constexpr (!on_host) {
      g_optimizer_.prepare_step(factor);
      d_optimizer_.prepare_step(factor);
    }
    repeated_(g_->context(), [&] { step(truth, factor); });
    terms_ = recorded_;
    if constexpr (!on_host)
      if (++steps_ % look_every == 0) {
        sums_.clear();
        const bool d_finite = look(d_watch_, d_optimizer_), g_finite = look(g_watch_, g_optimizer_);
        check(d_finite, "discriminator");
        check(g_finite, "generator");
      }
    return terms_;
  }

 private:
  static constexpr bool on_host = G::on_host;
  static constexpr std::int64_t look_every = 16;
  /// What a recorded step has fixed.
  struct Call {
    const void *input = nullptr, *images = nullptr, *hole = nullptr;
    bool operator==(const Call&) const = default;
  };

  bool same_flags() const {
    return frozen_[0] == g_->state().frozen && frozen_[1] == d_->state().frozen &&
           statistics_[0] == g_->state().frozen_statistics &&
           statistics_[1] == d_->state().frozen_statistics;
  }

  void step(const Truth<T>& truth, double factor) {
    recorded_ = {};
    Attempt attempt(g_kept_);
    generated_.forward();
    write(real_, truth.images);  // all before a backward, which uses the generator's memory anew
    write(fake_, generated_.output());
    write(judged_, generated_.output());
    if (options_.generator_first) train_generator(truth, factor, attempt);
    train_discriminator(factor);
    if (!options_.generator_first) train_generator(truth, factor, attempt);
  }
  void train_discriminator(double factor) {
    const double weight = options_.discriminator_weight;
    Attempt attempt(d_kept_);
    real_.forward();
    fake_.forward();
    real_.zero_gradients();
    fake_.zero_gradients();
    criterion_.real(real_, recorded_.discriminator, weight);
    criterion_.fake(fake_, recorded_.discriminator, weight);
    check(d_watch_.note(recorded_.discriminator), "discriminator");
    attempt.accept(d_watch_.gate());
    d_->zero_gradients();
    real_.backward();
    fake_.backward();
    update(d_optimizer_, factor);
  }
  /// `attempt` is that of the generator's own forward.
  void train_generator(const Truth<T>& truth, double factor, Attempt<T, Device>& attempt) {
    Attempt judging(d_kept_);
    judged_.forward();
    judged_.zero_gradients();
    criterion_.generator(judged_, recorded_.generator, options_.adversarial_weight);
    generated_.zero_gradients();
    reconstruction_(generated_, truth, recorded_.generator, 1);
    check(g_watch_.note(recorded_.generator), "generator");
    attempt.accept(g_watch_.gate());
    judging.accept(g_watch_.gate());
    judging.accept(d_watch_.gate());
    judged_.backward();
    kernels::add_into(g_->context(), judged_.input_gradient(conditions),
                      generated_.output_gradient());
    g_->zero_gradients();
    generated_.backward();
    update(g_optimizer_, factor);
  }

  /// What D is to judge.
  void write(Pass<Device, T>& pass, View<const T> image) {
    if constexpr (conditions == 1)
      kernels::copy(d_->context(), View<const T>(generated_.input()), pass.input(0));
    kernels::copy(d_->context(), image, pass.input(conditions));
  }
  template <class O>
  void update(O& optimizer, double factor) {
    if constexpr (on_host) optimizer.prepare_step(factor);
    if (options_.clip_norm > 0) optimizer.launch_step(optimizer.clip_scale(options_.clip_norm));
    else optimizer.launch_step(1.0);
  }
  /// Whether the losses of the steps since the last look are finite; others do not count.
  template <class O>
  bool look(LossWatch<Device>& watch, O& optimizer) {
    const auto seen = watch.collect(sums_);
    if (!seen.finite) optimizer.set_steps(optimizer.steps() - (look_every - seen.steps));
    return seen.finite;
  }
  static void check(bool finite, const char* whose) {
    if (!finite) throw Error(std::string("gan_step: the loss of the ") + whose + " is not finite");
  }

  PassOptions generator_request() {
    PassOptions request{.batch = options_.batch};
    prepare_loss(reconstruction_, request);
    return request;
  }
  /// The discriminator at the size of the generator's images.
  std::vector<Shape> discriminator_inputs() const {
    const Shape image = output_shape<typename G::Network>;
    if (conditions == 0) return {image};
    return {input_shape<typename G::Network>.unmasked(), image};
  }
  PassOptions discriminator_request() const {
    return {.batch = options_.batch, .inputs = discriminator_inputs()};
  }

  G* g_;
  D* d_;
  Reconstruction reconstruction_;
  Criterion criterion_;
  Optimizer<G, GAlgorithm> g_optimizer_;
  Optimizer<D, DAlgorithm> d_optimizer_;
  GanOptions options_;
  LossWatch<Device> g_watch_, d_watch_;
  KeptState<T, Device> g_kept_, d_kept_;
  Pass<Device, T> generated_, real_, fake_, judged_;
  Repeated<Device> repeated_;
  Call call_{};
  std::vector<std::uint8_t> frozen_[2], statistics_[2];  // when it was recorded
  GanTerms recorded_, terms_;
  LossSums sums_;
  std::int64_t steps_ = 0;
};

}  // namespace tessera
