// SPDX-License-Identifier: BSD-3-Clause
// Patches cut out of photographs: at random places for training, at fixed ones for tests.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tessera/data/dataset.hpp>
#include <tessera/data/photographs.hpp>
#include <tessera/io/number_text.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

/// How RandomPatches cuts.
struct PatchOptions {
  // A patch is a box of `scale` times its size, shrunk to it by area means; the scale is uniform in
  // [min_scale, max_scale], or what the photograph has room for.
  double min_scale = 1, max_scale = 1;
  bool flip = false;         // mirror half of the patches left to right
  bool every_alike = false;  // each photograph equally often; else in proportion to its area
};

/// Patches of 8-bit RGB at random places of photographs: a random data set, whose `read` draws from
/// a stream instead of looking up an index. Copies share the photographs.
class RandomPatches {
 public:
  /// `patches_per_epoch` is what size() says. Errors: ArgumentError if a number is not positive,
  /// the scales are not 1 <= min <= max, or a photograph is smaller than the smallest box.
  RandomPatches(PhotographSet photographs, int height, int width, std::size_t patches_per_epoch,
                PatchOptions options = {})
      : photographs_(std::move(photographs)),
        height_(height),
        width_(width),
        size_(patches_per_epoch),
        options_(options) {
    if (height <= 0 || width <= 0 || patches_per_epoch == 0)
      throw ArgumentError("RandomPatches: expected a positive size and number of patches, got " +
                          std::to_string(patches_per_epoch) + " of " + size_text(height, width));
    if (!(options.min_scale >= 1 && options.min_scale <= options.max_scale &&
          options.max_scale <= 1000))
      throw ArgumentError("RandomPatches: expected 1 <= min_scale <= max_scale <= 1000, got " +
                          detail::number_text(options.min_scale, 6) + " and " +
                          detail::number_text(options.max_scale, 6));
    if (photographs_.size() == 0) throw ArgumentError("RandomPatches: there are no photographs");
    std::vector<std::uint64_t> ends;
    for (std::size_t i = 0; i < photographs_.size(); ++i) {
      const Photograph& photograph = photographs_[i];
      if (photograph.height < scaled(height, options.min_scale) ||
          photograph.width < scaled(width, options.min_scale))
        throw ArgumentError(
            "RandomPatches: " + photograph.name + " has " +
            size_text(photograph.height, photograph.width) + " pixels, a patch needs " +
            size_text(scaled(height, options.min_scale), scaled(width, options.min_scale)));
      const auto weight = options.every_alike ? 1 : static_cast<std::uint64_t>(photograph.area());
      ends.push_back((ends.empty() ? 0 : ends.back()) + weight);
    }
    ends_ = std::make_shared<const std::vector<std::uint64_t>>(std::move(ends));
  }

  std::size_t size() const { return size_; }
  Shape shape() const { return {height_, width_, 3}; }
  const PhotographSet& photographs() const { return photographs_; }

  /// Writes a patch drawn from `random` into `image` `[1, H, W, 3]`, in [0, 1]; the index plays no
  /// part. May be called by several threads, each with its stream; does not allocate.
  /// Errors: ShapeError if `image` has another shape.
  void read(std::size_t, RandomStream& random, View<float> image) const {
    if (image.batch != 1 || image.shape() != shape())
      throw ShapeError("RandomPatches: expected room for one image of " + to_string(shape()) +
                       ", got " + std::to_string(image.batch) + " of " + to_string(image.shape()));
    cut(random, [&](int y, int x, int c, std::uint64_t byte) {
      image.pixel(std::ptrdiff_t{y} * width_ + x)[c] = static_cast<float>(byte) / 255.0f;
    });
  }
  /// The same patch as bytes, `out` `[H, W, 3]`.
  void read(RandomStream& random, std::uint8_t* out) const {
    cut(random, [&](int y, int x, int c, std::uint64_t byte) {
      out[(std::ptrdiff_t{y} * width_ + x) * 3 + c] = static_cast<std::uint8_t>(byte);
    });
  }

 private:
  static std::string size_text(int height, int width) {
    return std::to_string(height) + "x" + std::to_string(width);
  }
  static int scaled(int size, double scale) {
    return static_cast<int>(std::min(std::round(size * scale), 1e9));
  }

  /// Draws photograph, scale, row, column and flip, the scale and the flip only where there is a
  /// choice, and calls write(y, x, channel, byte) for each sample.
  template <class Write>
  void cut(RandomStream& random, Write write) const {
    const auto high = static_cast<std::uint64_t>(random.next()) << 32;
    const std::uint64_t place = (high | random.next()) % ends_->back();
    const auto index = std::ranges::upper_bound(*ends_, place) - ends_->begin();
    const Photograph& photograph = photographs_[static_cast<std::size_t>(index)];
    double scale = options_.min_scale;
    if (options_.max_scale > options_.min_scale)
      scale += random.uniform() * (options_.max_scale - options_.min_scale);
    scale = std::min({scale, static_cast<double>(photograph.height) / height_,
                      static_cast<double>(photograph.width) / width_});
    const int box_height = std::clamp(scaled(height_, scale), height_, photograph.height);
    const int box_width = std::clamp(scaled(width_, scale), width_, photograph.width);
    const int top = random.integer(0, photograph.height - box_height + 1);
    const int left = random.integer(0, photograph.width - box_width + 1);
    const bool mirrored = options_.flip && random.integer(0, 2) == 1;
    const bool shrunk = box_height != height_ || box_width != width_;
    for (int y = 0; y < height_; ++y)
      for (int x = 0; x < width_; ++x) {
        const int to = mirrored ? width_ - 1 - x : x;
        if (!shrunk) {
          const std::uint8_t* pixel = photograph.pixel(top + y, left + x);
          for (int c = 0; c < 3; ++c) write(y, to, c, pixel[c]);
          continue;
        }
        const Range rows(y, box_height, height_), columns(x, box_width, width_);
        std::uint64_t sums[3]{};
        for (std::int64_t r = rows.first; r < rows.last; ++r)
          for (std::int64_t k = columns.first; k < columns.last; ++k) {
            const auto weight = static_cast<std::uint64_t>(rows.overlap(r) * columns.overlap(k));
            const std::uint8_t* pixel =
                photograph.pixel(top + static_cast<int>(r), left + static_cast<int>(k));
            for (int c = 0; c < 3; ++c) sums[c] += weight * pixel[c];
          }
        const auto total = static_cast<std::uint64_t>(std::int64_t{box_height} * box_width);
        for (int c = 0; c < 3; ++c) write(y, to, c, (sums[c] + total / 2) / total);
      }
  }

  /// The samples that sample i of an axis shrunk from `from` to `to` covers, and their shares, in
  /// units of 1 / to: [i * from, (i + 1) * from).
  struct Range {
    std::int64_t begin, end, to, first, last;
    Range(int i, int from, int samples)
        : begin(std::int64_t{i} * from),
          end(begin + from),
          to(samples),
          first(begin / to),
          last((end + to - 1) / to) {}
    std::int64_t overlap(std::int64_t k) const {
      return std::min((k + 1) * to, end) - std::max(k * to, begin);
    }
  };

  PhotographSet photographs_;
  int height_, width_;
  std::size_t size_;
  PatchOptions options_;
  std::shared_ptr<const std::vector<std::uint64_t>> ends_;  // running sums of the weights
};

static_assert(RandomDataset<RandomPatches>);

/// `count` patches drawn once and for all: patch i is a function of (seed, i) alone. For validation
/// and tests, on photographs that the training does not see.
inline ImageSet fixed_patches(const RandomPatches& patches, std::size_t count, Seed seed) {
  const auto size = static_cast<std::size_t>(patches.shape().size());
  if (count > std::numeric_limits<std::size_t>::max() / size)
    throw ArgumentError("fixed_patches: " + std::to_string(count) + " patches of " +
                        to_string(patches.shape()) + " are too many");
  Buffer<std::uint8_t> pixels(count * size);
  for (std::size_t i = 0; i < count; ++i) {
    RandomStream random(seed, i);
    patches.read(random, pixels.data() + i * size);
  }
  return {patches.shape(), std::move(pixels)};
}

/// Every photograph cut into whole patches of height x width side by side, row by row, from the
/// middle: what is left over is shared between the edges.
/// Errors: ArgumentError if a size is not positive or no photograph has room for a patch.
inline ImageSet grid_patches(const PhotographSet& photographs, int height, int width) {
  if (height <= 0 || width <= 0)
    throw ArgumentError("grid_patches: expected a positive size, got " + std::to_string(height) +
                        "x" + std::to_string(width));
  const std::size_t row_size = static_cast<std::size_t>(width) * 3;
  const std::size_t size = row_size * static_cast<std::size_t>(height);
  std::size_t count = 0;
  for (std::size_t i = 0; i < photographs.size(); ++i)
    count += static_cast<std::size_t>(photographs[i].height / height) *
             static_cast<std::size_t>(photographs[i].width / width);
  if (count == 0)
    throw ArgumentError("grid_patches: no photograph has room for a patch of " +
                        std::to_string(height) + "x" + std::to_string(width));
  Buffer<std::uint8_t> pixels(count * size);
  std::uint8_t* out = pixels.data();
  for (std::size_t i = 0; i < photographs.size(); ++i) {
    const Photograph& photograph = photographs[i];
    for (int top = photograph.height % height / 2; top + height <= photograph.height; top += height)
      for (int left = photograph.width % width / 2; left + width <= photograph.width; left += width)
        for (int y = 0; y < height; ++y, out += row_size)
          std::copy_n(photograph.pixel(top + y, left), row_size, out);
  }
  return {{height, width, 3}, std::move(pixels)};
}

}  // namespace tessera
