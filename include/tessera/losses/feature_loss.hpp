// SPDX-License-Identifier: BSD-3-Clause
// Losses on the features that a frozen network finds in the output and in the truth: perceptual and
// style, which share its passes.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tessera/kernels/composite.hpp>
#include <tessera/losses/detail/feature_terms.hpp>
#include <tessera/losses/pixel_loss.hpp>
#include <tessera/losses/running_sum.hpp>
#include <tessera/network/model.hpp>
#include <tessera/tensor/fnv1a.hpp>
#include <tessera/tensor/transfer.hpp>

namespace tessera {

/// A tap of the feature network, and its weight in both terms.
struct FeatureTap {
  std::string label;
  double weight = 1;
};

/// What a FeatureLoss computes. A factor or weight of 0 costs nothing; one factor must not be 0.
struct FeatureLossOptions {
  std::vector<FeatureTap> taps;
  double perceptual = 0, style = 0;  // factors of the two terms in the total
  bool composite = true;             // also of the composite, whose gradient reaches the hole alone
  StyleForm form = StyleForm::absolute;
  bool merge_batch = false;  // one Gram matrix for the whole batch
};

/// [liu2018]'s terms, for models::Vgg16FeatureNet.
inline FeatureLossOptions liu_features() {
  return {.taps = {{"pool1"}, {"pool2"}, {"pool3"}}, .perceptual = 0.05, .style = 120};
}

/// The style of the context encoder's report, for models::AlexNetFeatureNet: squared differences of
/// the output's Gram matrices.
inline FeatureLossOptions alexnet_style(bool merge_batch = false) {
  return {.taps = {{"conv1", 0.8}, {"conv2", 0.1}, {"conv3", 0.4}, {"conv4", 0.2}, {"conv5", 0.2}},
          .style = 0.01,
          .composite = false,
          .form = StyleForm::squared,
          .merge_batch = merge_batch};
}

/// perceptual = sum over taps k of w_k mean |psi_k(y) - psi_k(t)|,   style = sum over taps of w_k
/// style_term(psi_k(y), psi_k(t)); with `composite` both for z as well, the output in the hole and
/// the truth elsewhere. Adds weight * factor * gradient to the output's, and reports the terms
/// "perceptual" and "style", unweighted, where their factors are not 0.
///
/// The features run in evaluation mode, forward once on [y, z] and once on t, and backward once;
/// their parameters stay as they are. Their passes are made in the first call and when batch or
/// size change; other calls do not allocate. Copies share them: use them in one thread.
///
/// Shapes     output and truth [N, H, W, C], any size the features take; holes [N, H, W]
/// Template   ModelType  a Model; its Scalar must be that of the trained one
/// Errors     ArgumentError for a tap the features lack, for no factor or tap at all, and without
///            holes where the composite needs them; ShapeError where output and truth differ or the
///            features refuse the size
///
/// Example    models::Vgg16FeatureNet<> with weights from a file:
///            Model<models::Vgg16FeatureNet<>> vgg;  vgg.load("vgg16.safetensors", options);
///            auto loss = L1Loss{} + FeatureLoss(std::move(vgg), liu_features());
template <class ModelType>
class FeatureLoss {
 public:
  using Scalar = typename ModelType::Scalar;
  using Device = typename ModelType::DeviceType;

  FeatureLoss(ModelType features, FeatureLossOptions options)
      : work_(std::in_place, std::move(features), std::move(options)) {}

  std::string describe() const { return work_->describe(); }
  /// The model of the features, for loading weights.
  ModelType& features() const { return work_->features_; }

  template <class D, class T>
  void operator()(Pass<D, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    static_assert(std::is_same_v<T, Scalar> && std::is_same_v<D, Device>,
                  "tessera: FeatureLoss: the features' model needs the scalar and device of the "
                  "trained one");
    work_->add(pass, truth, terms, weight);
  }

 private:
  using T = Scalar;

  /// What the copies share.
  struct Work {
    Work(ModelType features, FeatureLossOptions options)
        : features_(std::move(features)), options_(std::move(options)) {
      for (const FeatureTap& tap : options_.taps) {
        if (value_of(ModelType::structure(), tap.label) < 0)
          throw ArgumentError(text({"FeatureLoss: the features have no Tap \"", tap.label, "\""}));
        if (tap.weight != 0) labels_.push_back(tap.label);
      }
      if (options_.perceptual == 0 && options_.style == 0)
        throw ArgumentError("FeatureLoss: both factors, perceptual and style, are 0");
      if (labels_.empty()) throw ArgumentError("FeatureLoss: no tap with a weight other than 0");
    }

    /// With a sum over the weights, so that a training run is not resumed with other features.
    std::string describe() {
      std::string s = text(
          {"features(", options_.form == StyleForm::absolute ? "absolute" : "squared",
           options_.composite ? ", composite" : "", options_.merge_batch ? ", merged batch" : ""});
      s += ", perceptual " + detail::number_text(options_.perceptual);
      s += ", style " + detail::number_text(options_.style);
      for (const FeatureTap& tap : options_.taps)
        s += ", " + tap.label + " " + detail::number_text(tap.weight);
      return s + ", weights " + text({fingerprint()}) + ")";
    }

    void add(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms, double weight) {
      const View<const T> y = pass.output();
      const View<T> dy = pass.output_gradient();
      detail::check_truth("FeatureLoss", y, truth, options_.composite ? "the composite" : "");
      make_passes(pass.context(), y, static_cast<bool>(dy));
      write_images(pass.context(), y, truth);
      images_->forward();
      truth_->forward();
      if (dy) images_->zero_gradients();
      RunningSum<Device> perceptual(pass.context()), style(pass.context());
      for (const FeatureTap& tap : options_.taps) {
        if (tap.weight == 0) continue;
        const View<const T> all = images_->tap(tap.label), b = truth_->tap(tap.label);
        const View<T> gradient = dy ? images_->tap_gradient(tap.label) : View<T>{};
        for (int k = 0; k < parts(); ++k) {
          const View<const T> a = part(all, k);
          const View<T> da = dy ? part(gradient, k) : View<T>{};
          const double factor = weight * tap.weight;
          if (options_.perceptual != 0)
            perceptual +=
                tap.weight * perceptual_term(pass.context(), a, b, factor * options_.perceptual, da,
                                             scratch_.data());
          if (options_.style != 0)
            style += tap.weight * style_term(pass.context(), options_.form, options_.merge_batch, a,
                                             b, factor * options_.style, da, scratch_.data());
        }
      }
      if (options_.perceptual != 0)
        terms.add("perceptual", perceptual.value(), weight * options_.perceptual);
      if (options_.style != 0) terms.add("style", style.value(), weight * options_.style);
      if (!dy) return;
      images_->backward();
      const View<const T> dx = images_->input_gradient();
      kernels::add_into(pass.context(), part(dx, 0), dy);
      if (options_.composite)
        kernels::composite_backward(pass.context(), part(dx, 1), truth.hole, dy);
    }

    int parts() const { return options_.composite ? 2 : 1; }
    /// The output's images, or the composites behind them.
    template <class U>
    View<U> part(View<U> all, int k) const {
      all.batch /= parts();
      all.data = all.pixel(k * all.batch, 0, 0);
      return all;
    }

    void make_passes(const Context<Device>& context, const View<const T>& y, bool gradients) {
      if (images_ && batch_ == y.batch && shape_ == y.shape() && gradients_ == gradients) return;
      if constexpr (!Memory<Device>::on_host)
        if (images_)  // recorded steps point into the passes
          throw ArgumentError(
              "FeatureLoss: on a GPU one loss serves images of one batch and size; make another "
              "for others");
      images_.reset();
      truth_.reset();
      features_.context() = context;
      PassOptions options{.batch = parts() * y.batch,
                          .mode = Mode::evaluate,
                          .gradients = gradients,
                          .parameter_gradients = false,
                          .input_gradients = gradients,
                          .inputs = {y.shape()},
                          .keep = labels_,
                          .inject = gradients ? labels_ : std::vector<std::string>{}};
      images_.emplace(features_.pass(options));
      options.batch = y.batch;
      options.gradients = options.input_gradients = false;
      options.inject.clear();
      truth_.emplace(features_.pass(options));
      std::size_t bytes = 0;
      for (const std::string& label : labels_)
        bytes = std::max(
            bytes, feature_workspace<T>(y.batch, truth_->tap(label).shape(), options_.merge_batch));
      if (scratch_.size() < bytes)
        scratch_ = Memory<Device>::template make<std::byte>(context, bytes);
      batch_ = y.batch;
      shape_ = y.shape();
      gradients_ = gradients;
    }
    void write_images(const Context<Device>& context, const View<const T>& y,
                      const Truth<T>& truth) {
      kernels::copy(context, y, part(images_->input(), 0));
      if (options_.composite)
        kernels::composite(context, y, truth.images, truth.hole, part(images_->input(), 1));
      kernels::copy(context, truth.images, truth_->input());
    }
    /// A hash of the parameters.
    std::uint64_t fingerprint() {
      const auto& numbers = features_.state().trained;
      const Shape shape{1, 1, static_cast<int>(numbers.size())};
      const HostView host(features_.context(), make_view<const T>(numbers.data(), 1, shape));
      const auto* bytes = reinterpret_cast<const char*>(host->data);
      return fnv1a({bytes, numbers.size() * sizeof(T)}) >> 1;  // the text of a number has a sign
    }

    ModelType features_;
    FeatureLossOptions options_;
    std::vector<std::string> labels_;  // of taps that count
    std::optional<Pass<Device, T>> images_, truth_;
    typename Memory<Device>::template Buffer<std::byte> scratch_;
    int batch_ = 0;
    Shape shape_{};
    bool gradients_ = false;
  };

  Shared<Work> work_;
};

}  // namespace tessera
