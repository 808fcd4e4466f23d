// SPDX-License-Identifier: BSD-3-Clause
// Makes systems of networks, losses and the documented step: one network, or two against each
// other.
#pragma once
#include <algorithm>
#include <vector>

#include <tessera/data/masks.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/training/gan_step.hpp>
#include <tessera/training/masked_input.hpp>
#include <tessera/training/trainer.hpp>

#include "system.hpp"

namespace systems {

/// In which range a system's images are (specification, section 1).
enum class Range { unit, symmetric, imagenet };

/// Pixels v in [0, 1] in a system's range.
inline void to_range(Range range, tessera::View<float> images) {
  for (std::ptrdiff_t p = 0; p < images.pixels(); ++p)
    for (int c = 0; c < images.channels; ++c) {
      float& v = images.pixel(p)[c];
      if (range == Range::symmetric) v = 2 * v - 1;
      if (range == Range::imagenet)
        v = static_cast<float>((v - tessera::imagenet.mean[c]) / tessera::imagenet.deviation[c]);
    }
}

/// The input images, and the truth: the same, or the centre that a network predicts.
struct Batch {
  tessera::Tensor<float> images, centre;
  std::vector<std::uint8_t> hole;

  Batch(const Pictures& pictures, Range range, const tessera::Shape& output)
      : images(pictures.images.batch(), pictures.images.shape()), hole(pictures.hole) {
    std::copy_n(pictures.images.data(), images.size(), images.data());
    to_range(range, images.view());
    if (output == images.shape()) return;
    centre = tessera::Tensor<float>(images.batch(), output);
    const int top = (images.shape().height - output.height) / 2;
    const int left = (images.shape().width - output.width) / 2;
    const auto from = images.view();
    for (int n = 0; n < from.batch; ++n)
      for (int h = 0; h < output.height; ++h)
        for (int w = 0; w < output.width; ++w)
          std::copy_n(from.pixel(n, top + h, left + w), output.channels,
                      centre.view().pixel(n, h, w));
  }
  tessera::Truth<float> truth() const {
    const bool whole = centre.size() == 0;
    return {(whole ? images : centre).view(), whole ? hole.data() : nullptr};
  }
};

inline void add_terms(const tessera::LossTerms& terms, Terms& all) {
  for (const auto& term : terms.terms()) all.emplace_back(term.name, term.value);
}

/// What both kinds of system share: the generator, its pictures, inference.
template <class Net>
class Restoring : public System {
 public:
  Restoring(const Request& request, const Pictures& pictures, Range range)
      : generator(tessera::Seed{1}, {request.threads}),
        batch(pictures, range, tessera::output_shape<Net>) {}
  void infer() override {
    if (evaluation_.empty())
      evaluation_.push_back(generator.pass(
          {.batch = batch.images.batch(), .mode = tessera::Mode::evaluate, .gradients = false}));
    tessera::run_on_masked(evaluation_[0], std::as_const(batch.images).view(), batch.hole.data());
  }

 protected:
  tessera::Model<Net> generator;
  Batch batch;

 private:
  std::vector<tessera::Pass<tessera::Cpu, float>> evaluation_;  // made when it is first needed
};

template <class Net, class Loss>
class PlainSystem : public Restoring<Net> {
 public:
  PlainSystem(const Request& request, const Pictures& pictures, Range range, const Loss& loss)
      : Restoring<Net>(request, pictures, range),
        trainer_(this->generator, loss,
                 tessera::Adam{.learning_rate = request.learning_rate, .beta1 = 0.5}),
        pass_(trainer_.make_pass(pictures.images.batch())) {}
  Terms step() override {
    tessera::write_masked(pass_, std::as_const(this->batch.images).view(), this->batch.hole.data());
    Terms terms;
    add_terms(trainer_.step(pass_, this->batch.truth()), terms);
    return terms;
  }

 private:
  tessera::Trainer<tessera::Model<Net>, Loss, tessera::Adam> trainer_;
  tessera::Pass<tessera::Cpu, float> pass_;
};

template <class G, class D, class Loss, class Criterion>
class GanSystem : public Restoring<G> {
 public:
  GanSystem(const Request& request, const Pictures& pictures, Range range, const Loss& loss,
            const Criterion& criterion, tessera::GanOptions options)
      : Restoring<G>(request, pictures, range),
        discriminator_(tessera::Seed{2}, {request.threads}),
        step_(this->generator, discriminator_, loss, criterion, adam(request), adam(request),
              with_batch(options, pictures)) {}
  Terms step() override {
    tessera::write_masked(step_.generator_pass(), std::as_const(this->batch.images).view(),
                          this->batch.hole.data());
    const tessera::GanTerms& done = step_(this->batch.truth());
    Terms terms;
    add_terms(done.generator, terms);
    add_terms(done.discriminator, terms);
    std::rotate(terms.begin(), terms.begin() + 1, terms.end());  // behind "g_adversarial"
    return terms;
  }

 private:
  static tessera::Adam adam(const Request& request) {
    return {.learning_rate = request.learning_rate, .beta1 = 0.5};
  }
  static tessera::GanOptions with_batch(tessera::GanOptions options, const Pictures& pictures) {
    options.batch = pictures.images.batch();
    return options;
  }

  tessera::Model<D> discriminator_;
  tessera::GanStep<tessera::Model<G>, tessera::Model<D>, Loss, Criterion, tessera::Adam,
                   tessera::Adam>
      step_;
};

template <class Net, class Loss>
std::unique_ptr<System> plain(const Request& request, const Pictures& pictures, Range range,
                              const Loss& loss) {
  return std::make_unique<PlainSystem<Net, Loss>>(request, pictures, range, loss);
}
template <class G, class D, class Loss, class Criterion>
std::unique_ptr<System> adversarial(const Request& request, const Pictures& pictures, Range range,
                                    const Loss& loss, const Criterion& criterion,
                                    const tessera::GanOptions& options) {
  return std::make_unique<GanSystem<G, D, Loss, Criterion>>(request, pictures, range, loss,
                                                            criterion, options);
}

/// What the three context encoders share: BCE is a mean over real and generated images, for the
/// generator's half of it too (specification, section D).
inline constexpr tessera::GanOptions context_encoder_options{.adversarial_weight = 0.0005,
                                                             .discriminator_weight = 0.5};

}  // namespace systems
