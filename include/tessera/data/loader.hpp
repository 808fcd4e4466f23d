// SPDX-License-Identifier: BSD-3-Clause
// Batches of images and their masks. Which image is where in an epoch is a function of (seed,
// epoch); a mask, and what is read at random (RandomDataset), one of (seed, epoch, sample);
// IndexedMasks and plain data sets one of the sample alone: neither the batch size, the order in
// which batches are made nor the number of threads changes a pixel.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include <tessera/data/dataset.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/data/detail/shuffle.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/tensor.hpp>

namespace tessera {

/// A data set and the masks that go over its images; made by with_masks. Owns copies of both.
template <ImageSource Data, MaskGenerator Masks>
struct MaskedData {
  Data data;
  Masks masks;

  std::size_t size() const { return data.size(); }
  Shape shape() const { return data.shape(); }

  /// Errors: ArgumentError if the masks belong to the samples (IndexedMasks) and do not fit them.
  void check() const {
    if constexpr (IndexedMasks<Masks>) {
      const Shape s = shape();
      masks.check_fits(size(), s.height, s.width);
    }
  }

  /// Reads image `index` `[1, H, W, C]`, whole, and draws a mask for it: `hole` `[H, W]`, 1 = hole.
  /// IndexedMasks take the mask from `index`, others from `mask_random`; a RandomDataset reads with
  /// `data_random`.
  void read(std::size_t index, RandomStream data_random, RandomStream mask_random,
            View<float> image, MutableHoleView hole) const {
    read_image(data, index, data_random, image);
    if constexpr (IndexedMasks<Masks>) masks.draw(index, hole);
    else masks.draw(mask_random, hole);
  }
};

/// The images of `data` under masks of `masks`.
/// Errors: ArgumentError if masks made beforehand (FixedMasks) do not fit the images.
template <ImageSource Data, MaskGenerator Masks>
MaskedData<Data, Masks> with_masks(Data data, Masks masks) {
  MaskedData<Data, Masks> masked{std::move(data), std::move(masks)};
  masked.check();
  return masked;
}

/// Samples for one step. Made once with room for a number of samples and filled again and again;
/// only the first `size` samples mean anything.
struct Batch {
  Tensor<float> image;        // [N, H, W, C], the truth
  Buffer<std::uint8_t> hole;  // [N, H, W], 1 = hole
  int size = 0;               // samples filled in, at most N

  Batch() = default;
  /// Room for `capacity` images.
  Batch(int capacity, const Shape& shape)
      : image(capacity, shape.unmasked()),
        hole(static_cast<std::size_t>(capacity * shape.pixels())) {}

  int capacity() const { return image.batch(); }
  /// The filled part: images `[size, H, W, C]`, holes `[size, H, W]`.
  View<const float> images() const { return make_view(image.data(), size, image.shape()); }
  HoleView holes() const { return make_hole_view(hole.data(), size, image.shape()); }
  /// The whole of its memory, of which the part behind `size` holds what was there before.
  View<const float> all_images() const { return image.view(); }
  HoleView all_holes() const { return make_hole_view(hole.data(), capacity(), image.shape()); }
};

/// How a Loader goes through the data.
struct LoaderOptions {
  int batch_size = 100;
  Seed seed{};                // of the order, the masks and what is read at random
  bool shuffle = true;        // a new order each epoch; else the order of the data set
  bool whole_batches = true;  // drop the samples that do not fill the last batch
  bool fixed_masks = false;   // the same mask and version of a sample in every epoch

  /// A new order and new masks each epoch, whole batches only.
  static constexpr LoaderOptions training(int batch_size, Seed seed) {
    return {batch_size, seed, true, true, false};
  }
  /// Every sample, in order, under masks that depend on (mask seed, sample) alone.
  static constexpr LoaderOptions evaluation(int batch_size, Seed mask_seed) {
    return {batch_size, mask_seed, false, false, true};
  }
};

/// Goes through masked data in batches, epoch by epoch:
///
///     Loader loader(with_masks(data, LineMasks{}), LoaderOptions::training(100, Seed{7}));
///     Batch batch = loader.make_batch();
///     for (int epoch = 0; epoch < epochs; ++epoch)
///       for (loader.start_epoch(epoch); loader.next(batch);) step(batch);
///
/// No call after construction and make_batch allocates. `fill` is const and depends on its index
/// alone, so several threads may make batches ahead.
template <ImageSource Data, MaskGenerator Masks>
class Loader {
 public:
  /// Starts at epoch 0. Errors: ArgumentError if the batch size is not positive, the data set does
  /// not give a single batch, or the masks do not fit it.
  Loader(MaskedData<Data, Masks> data, LoaderOptions options)
      : data_(std::move(data)), options_(options) {
    if (options_.batch_size <= 0)
      throw ArgumentError("Loader: expected a positive batch size, got " +
                          std::to_string(options_.batch_size));
    const std::size_t largest = std::numeric_limits<std::int32_t>::max();
    if (data_.size() == 0 || data_.size() > largest)
      throw ArgumentError("Loader: expected 1 to " + std::to_string(largest) + " images, got " +
                          std::to_string(data_.size()));
    if (batches() == 0)
      throw ArgumentError("Loader: expected at least one whole batch of " +
                          std::to_string(options_.batch_size) + " images, got " +
                          std::to_string(data_.size()) + " images");
    data_.check();
    order_ = Buffer<std::uint32_t>(data_.size());
    start_epoch(0);
  }

  const LoaderOptions& options() const { return options_; }
  const MaskedData<Data, Masks>& data() const { return data_; }
  Shape shape() const { return data_.shape(); }
  /// Batches of one epoch, and the samples in them.
  std::size_t batches() const {
    const auto n = static_cast<std::size_t>(options_.batch_size);
    return data_.size() / n + (!options_.whole_batches && data_.size() % n != 0 ? 1 : 0);
  }
  std::size_t samples() const {
    return std::min(data_.size(), batches() * static_cast<std::size_t>(options_.batch_size));
  }
  std::uint64_t epoch() const { return epoch_; }
  /// The batch that next gives: what a checkpoint stores with the epoch.
  std::size_t position() const { return position_; }

  /// A batch with the room that this loader needs.
  Batch make_batch() const { return {options_.batch_size, shape()}; }

  /// Begins an epoch, or resumes it at a batch; earlier epochs have no influence.
  void start_epoch(std::uint64_t epoch, std::size_t first_batch = 0) {
    epoch_ = epoch;
    position_ = first_batch;
    std::iota(order_.begin(), order_.end(), 0u);
    if (!options_.shuffle) return;
    RandomStream random(key(Purpose::order, epoch), 0);
    shuffle(order_.span(), random);
  }

  /// Fills the next batch of the epoch; false, and the batch untouched, where the epoch is over.
  bool next(Batch& batch) {
    if (position_ >= batches()) return false;
    fill(position_, batch);
    ++position_;
    return true;
  }

  /// Fills `batch` with batch `index` of this epoch. The last may be smaller than the others.
  /// Errors: ArgumentError if there is no such batch; ShapeError if `batch` has other sizes.
  /// Once `stop` is asked for, it leaves off after a sample, and the batch has size 0.
  void fill(std::size_t index, Batch& batch, const std::stop_token& stop = {}) const {
    const Shape s = shape().unmasked();
    if (index >= batches())
      throw ArgumentError("Loader: expected a batch below " + std::to_string(batches()) + ", got " +
                          std::to_string(index));
    check(batch);
    const std::size_t first = index * static_cast<std::size_t>(options_.batch_size);
    const auto count =
        std::min(static_cast<std::size_t>(options_.batch_size), data_.size() - first);
    batch.size = 0;  // stays so if reading fails half-way
    for (std::size_t i = 0; i < count; ++i) {
      if (stop.stop_requested()) return;
      const std::size_t sample = order_[first + i];
      const auto offset = static_cast<std::size_t>(s.size()) * i;
      data_.read(
          sample, stream(Purpose::data, Purpose::fixed_data, sample),
          stream(Purpose::masks, Purpose::fixed_masks, sample),
          make_view(batch.image.data() + offset, 1, s),
          {batch.hole.data() + static_cast<std::size_t>(s.pixels()) * i, 1, s.height, s.width});
    }
    batch.size = static_cast<int>(count);
  }

  /// Errors: ShapeError unless `batch` is as make_batch makes it.
  void check(const Batch& batch) const {
    const Shape s = shape().unmasked();
    if (batch.capacity() != options_.batch_size || batch.image.shape() != s)
      throw ShapeError("Loader: expected a batch of " + std::to_string(options_.batch_size) +
                       " images of " + to_string(s) + ", got one of " +
                       std::to_string(batch.capacity()) + " of " + to_string(batch.image.shape()));
  }

  /// The index in the data set of the sample at a place of this epoch.
  /// Errors: ArgumentError if there is no such place.
  std::size_t sample(std::size_t place) const {
    if (place >= samples())
      throw ArgumentError("Loader: expected a place below " + std::to_string(samples()) + ", got " +
                          std::to_string(place));
    return order_[place];
  }

 private:
  /// Keeps the streams of one seed apart.
  enum class Purpose : std::uint64_t {
    order = 1,
    masks = 2,
    fixed_masks = 3,
    data = 4,
    fixed_data = 5
  };

  Seed key(Purpose purpose, std::uint64_t epoch) const {
    return {mix(mix(options_.seed.value, static_cast<std::uint64_t>(purpose)), epoch)};
  }
  RandomStream stream(Purpose each_epoch, Purpose fixed, std::size_t sample) const {
    return options_.fixed_masks ? RandomStream(key(fixed, 0), sample)
                                : RandomStream(key(each_epoch, epoch_), sample);
  }

  MaskedData<Data, Masks> data_;
  LoaderOptions options_;
  Buffer<std::uint32_t> order_;  // [size of the data set]
  std::uint64_t epoch_ = 0;
  std::size_t position_ = 0;
};

}  // namespace tessera
