// SPDX-License-Identifier: BSD-3-Clause
// Batches of whatever data and masks behind one interface, so that the trainer is compiled once and
// not once for each data set.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include <tessera/data/prefetch.hpp>
#include <tessera/training/detail/configuration.hpp>

namespace tessera {

/// A loader, or anything with its members.
class BatchSource {
 public:
  virtual ~BatchSource() = default;
  virtual void start_epoch(std::uint64_t epoch, std::size_t first_batch = 0) = 0;
  /// Fills the next batch of the epoch; false where the epoch is over.
  virtual bool next(Batch& batch) = 0;

  Shape shape() const { return shape_; }
  /// Images of the set; batches of an epoch, and the images in them.
  std::size_t size() const { return size_; }
  std::size_t batches() const { return batches_; }
  std::size_t samples() const { return samples_; }
  int batch_size() const { return batch_size_; }
  Batch make_batch() const { return {batch_size_, shape_}; }

 protected:
  BatchSource(Shape shape, std::size_t size, std::size_t batches, std::size_t samples,
              int batch_size)
      : shape_(shape), size_(size), batches_(batches), samples_(samples), batch_size_(batch_size) {}

 private:
  Shape shape_;
  std::size_t size_, batches_, samples_;
  int batch_size_;
};

namespace detail {

template <class Data, class Masks>
class LoaderSource final : public BatchSource {
 public:
  LoaderSource(const MaskedData<Data, Masks>& data, const LoaderOptions& options, int workers)
      : LoaderSource(std::make_unique<PrefetchLoader<Data, Masks>>(data, options, workers)) {}

  void start_epoch(std::uint64_t epoch, std::size_t first_batch) override {
    loader_->start_epoch(epoch, first_batch);
  }
  bool next(Batch& batch) override { return loader_->next(batch); }

 private:
  using Owned = std::unique_ptr<PrefetchLoader<Data, Masks>>;
  explicit LoaderSource(Owned loader)
      : BatchSource(loader->shape(), loader->data().size(), loader->batches(), loader->samples(),
                    loader->options().batch_size),
        loader_(std::move(loader)) {}

  Owned loader_;
};

}  // namespace detail

/// A source that goes through masked data as `options` say; `workers` threads read ahead.
/// Errors: those of PrefetchLoader
template <class Data, class Masks>
std::unique_ptr<BatchSource> make_source(const MaskedData<Data, Masks>& data,
                                         const LoaderOptions& options, int workers) {
  return std::make_unique<detail::LoaderSource<Data, Masks>>(data, options, workers);
}

/// "10000 images of 32x32x3 (the first 0123456789abcdef)": the fingerprint covers image and mask of
/// the first sample of epoch 1, which no batch size changes.
inline std::string describe_data(BatchSource& source) {
  Batch batch = source.make_batch();
  source.start_epoch(1);
  source.next(batch);
  Fingerprint print;
  const Shape shape = batch.image.shape();
  print.add(std::as_bytes(std::span(batch.image.data(), static_cast<std::size_t>(shape.size()))));
  print.add(std::as_bytes(batch.holes().image(0).bytes()));
  return std::to_string(source.size()) + " images of " + to_string(source.shape()) +
         " (the first " + print.text() + ")";
}

}  // namespace tessera
