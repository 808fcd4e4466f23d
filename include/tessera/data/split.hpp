// SPDX-License-Identifier: BSD-3-Clause
// A part of a data set, and the split into a part to train on and one to choose models by.
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <tessera/data/dataset.hpp>
#include <tessera/data/detail/shuffle.hpp>
#include <tessera/data/loader.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/io/number_text.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

/// Some numbers of samples, shared by copies: element i is a sample's index in the whole set.
using SampleList = std::shared_ptr<const std::vector<std::uint32_t>>;

/// The images of `data` that a list names, in its order; of the same kind (Dataset, RandomDataset)
/// as `data`. Copies share the list.
template <ImageSource Data>
class Subset {
 public:
  /// Errors: ArgumentError if the list names an image that `data` does not have.
  Subset(Data data, SampleList samples) : data_(std::move(data)), samples_(std::move(samples)) {
    for (const std::uint32_t sample : *samples_)
      if (sample >= data_.size())
        throw ArgumentError("Subset: expected samples below " + std::to_string(data_.size()) +
                            ", got " + std::to_string(sample));
  }

  std::size_t size() const { return samples_->size(); }
  Shape shape() const { return data_.shape(); }
  /// The set that this is a part of, and where in it image `index` is.
  /// Errors: ArgumentError if there is no such image.
  const Data& whole() const { return data_; }
  std::size_t sample(std::size_t index) const {
    if (index >= size())
      throw ArgumentError("Subset: expected an index below " + std::to_string(size()) + ", got " +
                          std::to_string(index));
    return (*samples_)[index];
  }

  /// Reads image `index` of the part as `data` does. Errors: as sample, and those of `data`.
  void read(std::size_t index, View<float> image) const requires Dataset<Data> {
    data_.read(sample(index), image);
  }
  void read(std::size_t index, RandomStream& random, View<float> image) const
      requires(!Dataset<Data>) {
    data_.read(sample(index), random, image);
  }

 private:
  Data data_;
  SampleList samples_;
};

/// The masks of the samples that a list names: IndexedMasks for a Subset.
template <IndexedMasks Masks>
class MaskSubset {
 public:
  MaskSubset(Masks masks, SampleList samples)
      : masks_(std::move(masks)), samples_(std::move(samples)) {}

  /// Writes the mask of sample `index` of the part; `index` is below the length of the list.
  void draw(std::size_t index, MutableHoleView hole) const {
    masks_.draw((*samples_)[index], hole);
  }
  /// Errors: ArgumentError if the list is shorter than `images`, or the masks do not fit them.
  void check_fits(std::size_t images, int height, int width) const {
    if (images > samples_->size())
      throw ArgumentError("MaskSubset: expected a mask for each of " + std::to_string(images) +
                          " images, got " + std::to_string(samples_->size()));
    const auto last = std::ranges::max_element(*samples_);
    masks_.check_fits(last == samples_->end() ? 0 : std::size_t{*last} + 1, height, width);
  }

 private:
  Masks masks_;
  SampleList samples_;
};

/// The two parts of a set: disjoint, together complete.
template <class Part>
struct Split {
  Part train, validation;
};

namespace detail {

/// Samples 0..size-1 in two lists, each in ascending order; which `count` are in the second is a
/// function of size, count and seed.
inline Split<SampleList> split_samples(std::size_t size, std::integral auto count, Seed seed) {
  constexpr std::size_t largest = std::numeric_limits<std::int32_t>::max();
  if (size < 2 || size > largest)
    throw ArgumentError(size < 2 ? "split: expected at least 2 images, got " + std::to_string(size)
                                 : "split: expected at most " + std::to_string(largest) +
                                       " images, got " + std::to_string(size));
  if (std::cmp_less(count, 1) || std::cmp_greater_equal(count, size))
    throw ArgumentError("split: expected 1 to " + std::to_string(size - 1) +
                        " validation images of " + std::to_string(size) + ", got " +
                        std::to_string(count));
  std::vector<std::uint32_t> samples(size);
  std::iota(samples.begin(), samples.end(), 0u);
  RandomStream random({mix(seed.value, 0x73706c6974)}, 0);  // apart from what a Loader draws
  shuffle(samples, random);
  const auto middle = samples.end() - static_cast<std::ptrdiff_t>(count);
  std::sort(samples.begin(), middle);
  std::sort(middle, samples.end());
  return {std::make_shared<std::vector<std::uint32_t>>(samples.begin(), middle),
          std::make_shared<std::vector<std::uint32_t>>(middle, samples.end())};
}

/// Errors: ArgumentError unless 0 < share < 1.
inline std::size_t split_count(std::size_t size, double share) {
  if (!(share > 0 && share < 1))
    throw ArgumentError("split: expected a validation share between 0 and 1, got " +
                        detail::number_text(share, 6));
  if (size < 2) return 1;  // refused by split_samples
  const auto count = static_cast<std::size_t>(std::llround(share * static_cast<double>(size)));
  return std::clamp<std::size_t>(count, 1, size - 1);
}

template <ImageSource Data>
Subset<Data> part_of(const Data& data, const SampleList& samples) {
  return {data, samples};
}
template <class Data, class Masks>
auto part_of(const MaskedData<Data, Masks>& data, const SampleList& samples) {
  if constexpr (IndexedMasks<Masks>)
    return with_masks(part_of(data.data, samples), MaskSubset<Masks>(data.masks, samples));
  else return with_masks(part_of(data.data, samples), data.masks);
}

}  // namespace detail

/// Splits a data set, or a data set with its masks, into what to train on and `count` images for
/// validation. The parts share the images of the whole; which image is in which part is a function
/// of the sizes and the seed alone, and each part keeps the order of the whole.
///
///     const auto [train, validation] = split(images, 0.1, Seed{1});
///
/// Errors: ArgumentError if either part would be empty.
template <class Data>
auto split(const Data& data, std::integral auto count, Seed seed) {
  const auto parts = detail::split_samples(data.size(), count, seed);
  return Split<decltype(detail::part_of(data, parts.train))>{
      detail::part_of(data, parts.train), detail::part_of(data, parts.validation)};
}
/// The same with a share of the images, rounded to whole ones and to at least one in each part.
/// Errors: ArgumentError if the share is not between 0 and 1, or there are fewer than two images.
template <class Data>
auto split(const Data& data, std::floating_point auto share, Seed seed) {
  return split(data, detail::split_count(data.size(), static_cast<double>(share)), seed);
}

}  // namespace tessera
