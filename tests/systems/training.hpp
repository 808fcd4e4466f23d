// SPDX-License-Identifier: BSD-3-Clause
// Makes systems of networks, losses and the documented step: one network, or two against each
// other.
#pragma once
#include <algorithm>
#include <vector>

#include <tessera/kernels/masked_input.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/tensor/transfer.hpp>
#include <tessera/training/gan_step.hpp>
#include <tessera/training/trainer.hpp>

#include "system.hpp"
#ifdef TESSERA_SYSTEMS_CUDA
#include <tessera/cuda.hpp>
#endif

namespace systems::TESSERA_SYSTEMS_DEVICE {

using Device = tessera::TESSERA_SYSTEMS_DEVICE;

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

/// The device's context, as the request says.
#ifdef TESSERA_SYSTEMS_CUDA
inline tessera::Context<Device> context_of(const Request& request) {
  return tessera::Context<Device>(0, tessera::cuda::precision_of(request.products));
}
#else
inline tessera::Context<Device> context_of(const Request& request) { return {request.threads}; }
#endif

/// The input images, and the truth: the same, or the centre that a network predicts; on the device.
class Batch {
 public:
  Batch(const tessera::Context<Device>& context, const Pictures& pictures, Range range,
        const tessera::Shape& output)
      : context_(context), shape_(pictures.images.shape()), truth_shape_(output) {
    tessera::Tensor<float> images(pictures.images.batch(), shape_);
    std::copy_n(pictures.images.data(), images.size(), images.data());
    to_range(range, images.view());
    batch_ = images.batch();
    images_ = to_device(images.span());
    hole_ = to_device(std::span<const std::uint8_t>(pictures.hole));
    if (output == shape_) return;
    tessera::Tensor<float> centre(batch_, output);
    const int top = (shape_.height - output.height) / 2;
    const int left = (shape_.width - output.width) / 2;
    const auto from = images.view();
    for (int n = 0; n < from.batch; ++n)
      for (int h = 0; h < output.height; ++h)
        for (int w = 0; w < output.width; ++w)
          std::copy_n(from.pixel(n, top + h, left + w), output.channels,
                      centre.view().pixel(n, h, w));
    centre_ = to_device(centre.span());
  }

  int size() const { return batch_; }
  void write(tessera::Pass<Device, float>& pass) const {
    tessera::kernels::masked_input(context_,
                                   tessera::make_view<const float>(images_.data(), batch_, shape_),
                                   holes(), pass.input(), pass.input_valid());
  }
  tessera::HoleView holes() const {
    return tessera::make_hole_view<const std::uint8_t>(hole_.data(), batch_, shape_);
  }
  tessera::Truth<float> truth() const {
    const bool whole = centre_.size() == 0;
    return {tessera::make_view<const float>((whole ? images_ : centre_).data(), batch_,
                                            whole ? shape_ : truth_shape_),
            whole ? holes() : tessera::HoleView{}};
  }

 private:
  template <class T>
  using Numbers = typename tessera::Memory<Device>::template Buffer<T>;

  template <class T, std::size_t N>
  Numbers<std::remove_const_t<T>> to_device(std::span<T, N> values) const {
    using U = std::remove_const_t<T>;
    auto numbers = tessera::Memory<Device>::template make<U>(context_, values.size());
    tessera::Memory<Device>::to_device(context_, numbers.data(), values.data(),
                                       values.size_bytes());
    return numbers;
  }

  tessera::Context<Device> context_;
  int batch_ = 0;
  tessera::Shape shape_, truth_shape_;
  Numbers<float> images_, centre_;
  Numbers<std::uint8_t> hole_;
};

inline void add_terms(const tessera::LossTerms& terms, Terms& all) {
  for (const auto& term : terms.terms()) all.emplace_back(term.name, term.value);
}

/// What both kinds of system share: the generator, its pictures, inference.
template <class Net>
class Restoring : public System {
 public:
  Restoring(const Request& request, const Pictures& pictures, Range range)
      : generator(tessera::Seed{1}, context_of(request)),
        batch(generator.context(), pictures, range, tessera::output_shape<Net>) {}
  void infer() override {
    if (evaluation_.empty())
      evaluation_.push_back(generator.pass(
          {.batch = batch.size(), .mode = tessera::Mode::evaluate, .gradients = false}));
    repeated_(generator.context(), [&] {
      batch.write(evaluation_[0]);
      evaluation_[0].forward();
    });
  }
  std::vector<float> output() override {
    infer();
    const auto y = tessera::to_host(generator.context(), evaluation_[0].output());
    return {y.data(), y.data() + y.size()};
  }
  void wait() override {
    if constexpr (!tessera::Memory<Device>::on_host) generator.context().engine().synchronize();
  }

 protected:
  tessera::Model<Net, Device> generator;
  Batch batch;

 private:
  std::vector<tessera::Pass<Device, float>> evaluation_;  // made when it is first needed
  tessera::Repeated<Device> repeated_;
};

template <class Net, class Loss>
class PlainSystem : public Restoring<Net> {
 public:
  PlainSystem(const Request& request, const Pictures& pictures, Range range, const Loss& loss)
      : Restoring<Net>(request, pictures, range),
        trainer_(this->generator, loss,
                 tessera::Adam{.learning_rate = request.learning_rate, .beta1 = 0.5}),
        pass_(trainer_.make_pass(pictures.images.batch())) {}
  void step() override {
    this->batch.write(pass_);
    last_ = &trainer_.step(pass_, this->batch.truth());
  }
  Terms terms() override {
    Terms terms;
    add_terms(*last_, terms);
    return terms;
  }

 private:
  tessera::Trainer<tessera::Model<Net, Device>, Loss, tessera::Adam> trainer_;
  tessera::Pass<Device, float> pass_;
  const tessera::LossTerms* last_ = nullptr;
};

template <class G, class D, class Loss, class Criterion>
class GanSystem : public Restoring<G> {
 public:
  GanSystem(const Request& request, const Pictures& pictures, Range range, const Loss& loss,
            const Criterion& criterion, tessera::GanOptions options)
      : Restoring<G>(request, pictures, range),
        discriminator_(tessera::Seed{2}, this->generator.context()),
        step_(this->generator, discriminator_, loss, criterion, adam(request), adam(request),
              with_batch(options, pictures)) {}
  void step() override {
    this->batch.write(step_.generator_pass());
    last_ = &step_(this->batch.truth());
  }
  Terms terms() override {
    Terms terms;
    add_terms(last_->generator, terms);
    add_terms(last_->discriminator, terms);
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

  tessera::Model<D, Device> discriminator_;
  tessera::GanStep<tessera::Model<G, Device>, tessera::Model<D, Device>, Loss, Criterion,
                   tessera::Adam, tessera::Adam>
      step_;
  const tessera::GanTerms* last_ = nullptr;
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

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
