// SPDX-License-Identifier: BSD-3-Clause
// Images under fixed masks that a model is looked at on: metrics over all of them, and a few
// restored.
#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include <tessera/training/callbacks.hpp>
#include <tessera/training/detail/batch_source.hpp>
#include <tessera/training/metrics.hpp>

namespace tessera {

/// A validation or test set of whatever data and masks; empty until it is assigned. Its memory is
/// made by `open` and the first use, and kept.
template <class Device, class T>
class EvaluationSet {
 public:
  using MakePass = std::function<Pass<Device, T>(int batch_size)>;  // for evaluation

  EvaluationSet() = default;
  template <class Data, class Masks>
  EvaluationSet(const MaskedData<Data, Masks>& data, Seed mask_seed)
      : images_(data.size()), make_([data, mask_seed](int batch_size, int workers) {
          const int size = static_cast<int>(
              std::min<std::size_t>(static_cast<std::size_t>(batch_size), data.size()));
          return make_source(data, LoaderOptions::evaluation(size, mask_seed), workers);
        }) {}

  explicit operator bool() const { return static_cast<bool>(make_); }
  /// The same images, with memory of its own.
  EvaluationSet copy() const {
    EvaluationSet set;
    set.images_ = images_;
    set.make_ = make_;
    return set;
  }
  /// To be called before use: `batch_size` images at once, `workers` threads that read ahead.
  void open(int batch_size, int workers) {
    if (!make_) return;
    source_ = make_(batch_size, workers);
    batch_ = source_->make_batch();
    pass_.reset();
  }
  /// The data as a text, "none" for no set.
  std::string describe() { return make_ ? describe_data(*source_) : "none"; }

  std::size_t images() const { return images_; }

  /// Means over the set; nothing for no set.
  std::optional<Metrics> metrics(const MakePass& make_pass,
                                 const std::function<void(std::size_t done)>& on_batch) {
    if (!make_) return {};
    return evaluate(pass(make_pass), *source_, batch_, on_batch);
  }

  /// The first batch, restored.
  std::shared_ptr<const Samples> samples(const MakePass& make_pass) {
    source_->start_epoch(0);
    source_->next(batch_);
    run_on_masked(pass(make_pass), batch_.all_images(), batch_.all_holes());
    const auto samples = std::make_shared<Samples>();
    samples->truth = Tensor<float>(batch_.size, source_->shape());
    samples->restored = Tensor<float>(batch_.size, source_->shape());
    samples->hole = Buffer<std::uint8_t>(batch_.holes().bytes().size());
    std::ranges::copy(batch_.holes().bytes(), samples->hole.begin());
    std::copy_n(batch_.image.data(), samples->truth.size(), samples->truth.data());
    const HostView y(pass_->context(), pass_->output());
    float* restored = samples->restored.data();
    for (std::ptrdiff_t p = 0; p < batch_.images().pixels(); ++p)
      for (int c = 0; c < y->channels; ++c)
        *restored++ = samples->hole[static_cast<std::size_t>(p)]
                          ? static_cast<float>(y->pixel(p)[c])
                          : batch_.images().pixel(p)[c];
    return samples;
  }

 private:
  Pass<Device, T>& pass(const MakePass& make_pass) {
    if (!pass_) pass_ = std::make_unique<Pass<Device, T>>(make_pass(batch_.capacity()));
    return *pass_;
  }

  std::size_t images_ = 0;
  std::function<std::unique_ptr<BatchSource>(int batch_size, int workers)> make_;
  std::unique_ptr<BatchSource> source_;
  Batch batch_;
  std::unique_ptr<Pass<Device, T>> pass_;
};

}  // namespace tessera
