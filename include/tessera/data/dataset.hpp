// SPDX-License-Identifier: BSD-3-Clause
// What a set of images is: read alike every time, or at random (patches, augmentation); and the
// plain one, images held in memory as bytes.
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera {

/// A set of images of one shape. `read(i, image)` writes image i into `image` `[1, H, W, C]`,
/// float in [0, 1]; it is const and may be called by several threads at once. Copies are cheap
/// (they share the pixels), and any type with these members is a data set.
template <class D>
concept Dataset = std::copy_constructible<D> &&
    requires(const D& data, std::size_t index, View<float> image) {
  { data.size() } -> std::convertible_to<std::size_t>;
  { data.shape() } -> std::convertible_to<Shape>;
  data.read(index, image);
};

/// A set of images that are read at random, such as random patches of photographs:
/// `read(i, random, image)` writes a version of image i, a function of i and the random stream
/// alone. All else is as in a Dataset. The loader gives each sample of each epoch a stream of its
/// own, (seed, epoch, sample), and in evaluation (seed, sample).
template <class D>
concept RandomDataset = std::copy_constructible<D> &&
    requires(const D& data, std::size_t index, RandomStream& random, View<float> image) {
  { data.size() } -> std::convertible_to<std::size_t>;
  { data.shape() } -> std::convertible_to<Shape>;
  data.read(index, random, image);
};

/// A set of images of either kind. Where a type is of both, the index alone decides.
template <class D>
concept ImageSource = Dataset<D> || RandomDataset<D>;

/// Writes image `index` of either kind; only a RandomDataset draws from `random`.
template <ImageSource D>
void read_image(const D& data, std::size_t index, RandomStream& random, View<float> image) {
  if constexpr (Dataset<D>) data.read(index, image);
  else data.read(index, random, image);
}

/// Images in memory, `[count, H, W, C]` bytes with an optional label each; float = byte / 255.
/// Copies, take and drop share the pixels.
class ImageSet {
 public:
  ImageSet() = default;

  /// `pixels` `[count, H, W, C]`; `labels` `[count]` or empty.
  /// Errors: ShapeError if the sizes do not fit.
  ImageSet(const Shape& shape, Buffer<std::uint8_t> pixels, Buffer<std::uint8_t> labels = {})
      : shape_(shape.unmasked()) {
    if (shape.height <= 0 || shape.width <= 0 || shape.channels <= 0)
      throw ShapeError("ImageSet: expected a positive shape, got " + to_string(shape));
    if (pixels.size() % image_size() != 0)
      throw ShapeError("ImageSet: expected a multiple of " + std::to_string(image_size()) +
                       " bytes for images of " + to_string(shape) + ", got " +
                       std::to_string(pixels.size()));
    count_ = pixels.size() / image_size();
    if (labels.size() != 0 && labels.size() != count_)
      throw ShapeError("ImageSet: expected " + std::to_string(count_) + " labels, got " +
                       std::to_string(labels.size()));
    storage_ = std::make_shared<const Storage>(Storage{std::move(pixels), std::move(labels)});
  }

  std::size_t size() const { return count_; }
  const Shape& shape() const { return shape_; }
  bool has_labels() const { return storage_ && storage_->labels.size() != 0; }

  /// The bytes `[H, W, C]` of one image. Errors: ArgumentError if there is no such image.
  std::span<const std::uint8_t> image(std::size_t index) const {
    check_index(index);
    return storage_->pixels.span().subspan((first_ + index) * image_size(), image_size());
  }

  /// The label of one image. Errors: ArgumentError if there is no such image or no label.
  int label(std::size_t index) const {
    check_index(index);
    if (!has_labels()) throw ArgumentError("ImageSet: these images have no labels");
    return storage_->labels[first_ + index];
  }

  /// Writes image `index` into `out` `[1, H, W, C]`, scaled to [0, 1].
  /// Errors: ShapeError if `out` has another shape, ArgumentError if there is no such image.
  void read(std::size_t index, View<float> out) const {
    if (out.batch != 1 || out.shape() != shape_)
      throw ShapeError("ImageSet: expected room for one image of " + to_string(shape_) + ", got " +
                       std::to_string(out.batch) + " of " + to_string(out.shape()));
    const std::uint8_t* bytes = image(index).data();  // [H, W, C]
    for (std::ptrdiff_t p = 0; p < out.pixels(); ++p, bytes += out.channels) {
      float* pixel = out.pixel(p);
      for (int c = 0; c < out.channels; ++c) pixel[c] = static_cast<float>(bytes[c]) / 255.0f;
    }
  }

  /// The first n images. Errors: ArgumentError if there are fewer.
  ImageSet take(std::size_t n) const {
    check_count("take", n);
    ImageSet part = *this;
    part.count_ = n;
    return part;
  }
  /// All but the first n images: what a validation split is made of.
  /// Errors: ArgumentError if there are fewer.
  ImageSet drop(std::size_t n) const {
    check_count("drop", n);
    ImageSet part = *this;
    part.first_ += n;
    part.count_ -= n;
    return part;
  }

 private:
  struct Storage {
    Buffer<std::uint8_t> pixels;  // [count, H, W, C]
    Buffer<std::uint8_t> labels;  // [count] or empty
  };

  std::size_t image_size() const { return static_cast<std::size_t>(shape_.size()); }
  void check_index(std::size_t index) const {
    if (index >= count_)
      throw ArgumentError("ImageSet: expected an index below " + std::to_string(count_) + ", got " +
                          std::to_string(index));
  }
  void check_count(const char* function, std::size_t n) const {
    if (n > count_)
      throw ArgumentError(std::string("ImageSet: ") + function + "(" + std::to_string(n) +
                          "): the set holds only " + std::to_string(count_) + " images");
  }

  std::shared_ptr<const Storage> storage_;
  Shape shape_{};
  std::size_t first_ = 0, count_ = 0;
};

static_assert(Dataset<ImageSet> && ImageSource<ImageSet> && !RandomDataset<ImageSet>);

}  // namespace tessera
