// SPDX-License-Identifier: BSD-3-Clause
// Masks from image files: white = hole, or as the options say.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tessera/data/detail/image_files.hpp>
#include <tessera/data/detail/mask_warning.hpp>
#include <tessera/data/hole_mask.hpp>
#include <tessera/data/mask_options.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

/// The holes of an image of any depth and number of channels: where it is bright, or what the
/// options say; `warning` says what is odd about it. `name` begins errors.
/// Errors: ArgumentError if the threshold is no sample of the image, or it has no alpha to look at.
inline HoleMask to_hole(const Image& image, const MaskOptions& options = {},
                        const std::string& name = "to_hole") {
  if (options.threshold < 0 || options.threshold > image.largest())
    throw ArgumentError(name + ": expected a threshold of at most " +
                        std::to_string(image.largest()) + ", got " +
                        std::to_string(options.threshold));
  if (options.alpha && !image.has_alpha())
    throw ArgumentError(name + ": expected a mask with an alpha channel, got one of " +
                        std::to_string(image.channels) +
                        (image.channels == 1 ? " channel" : " channels"));
  HoleMask mask{image.height, image.width,
                Buffer<std::uint8_t>(static_cast<std::size_t>(image.shape().pixels())),
                detail::mask_warning(image, options)};
  const std::int64_t limit = detail::mask_limit(image, options);
  const std::uint16_t* pixel = image.samples.data();
  for (std::uint8_t& hole : mask.hole) {
    hole = (2 * detail::mask_value(image, pixel, options.alpha) >= limit) != options.invert;
    pixel += image.channels;
  }
  return mask;
}

/// The holes of a mask image, as to_hole. Errors: as read_image and to_hole.
inline HoleMask read_hole(const std::filesystem::path& path, const MaskOptions& options = {},
                          const ImageLimits& limits = {}) {
  return to_hole(read_image(path, limits), options, path.string());
}

/// The plane `[from_height, from_width]` at another size, `out` `[height, width]`: each pixel is
/// the one in whose area its centre lies. All sizes are positive.
inline void resize_nearest(const std::uint8_t* in, int from_height, int from_width, int height,
                           int width, std::uint8_t* out) {
  const auto nearest = [](std::int64_t i, std::int64_t from, std::int64_t to) {
    return (2 * i + 1) * from / (2 * to);  // floor((i + 0.5) * from / to)
  };
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = in + nearest(y, from_height, height) * from_width;
    for (int x = 0; x < width; ++x) *out++ = row[nearest(x, from_width, width)];
  }
}

/// Masks drawn from a folder of mask images (JPEG, PNG, BMP; as to_hole), each equally often,
/// brought to the size of the image by resize_nearest. They are read once, a byte a pixel. Copies
/// share them.
class MaskFolder {
 public:
  /// Errors: FileError if there is no image, one is damaged, or they need more memory than the
  /// options allow; ArgumentError if the options ask to shrink, or as to_hole.
  explicit MaskFolder(const std::filesystem::path& folder, const FolderOptions& options = {},
                      const MaskOptions& mask_options = {}) {
    if (options.longest_side > 0)
      throw ArgumentError("MaskFolder: masks are not shrunk on reading (longest_side)");
    std::vector<HoleMask> masks;
    std::size_t odd = 0;
    counts_ =
        detail::read_folder(folder, options, [&](const Image& image, const std::string& name) {
          masks.push_back(to_hole(image, mask_options, (folder / name).string()));
          if (!masks.back().warning.empty() && odd++ == 0)
            warning_ = name + ": " + masks.back().warning;
          return masks.back().hole.size();
        });
    if (odd > 1) warning_ += " (the first of " + std::to_string(odd) + " such masks)";
    masks_ = std::make_shared<const std::vector<HoleMask>>(std::move(masks));
  }

  std::size_t size() const { return masks_->size(); }
  /// Errors: ArgumentError if there is no such mask.
  const HoleMask& operator[](std::size_t index) const {
    if (index >= size())
      throw ArgumentError("MaskFolder: expected an index below " + std::to_string(size()) +
                          ", got " + std::to_string(index));
    return (*masks_)[index];
  }
  /// How many files of the folder were read and left out.
  const FolderCounts& counts() const { return counts_; }
  /// The first mask with a warning, and the number of them, in a sentence; empty if none has one.
  const std::string& warning() const { return warning_; }

  /// Writes `hole` `[1, height, width]`; draws the number of the file.
  template <IntegerSource Random>
  void draw(Random& random, MutableHoleView hole) const {
    const auto last =
        static_cast<int>(std::min<std::size_t>(size(), std::numeric_limits<int>::max()));
    const HoleMask& mask = (*masks_)[static_cast<std::size_t>(random.integer(0, last))];
    resize_nearest(mask.hole.data(), mask.height, mask.width, hole.height, hole.width, hole.data);
  }

 private:
  std::shared_ptr<const std::vector<HoleMask>> masks_;
  FolderCounts counts_;
  std::string warning_;
};

static_assert(RandomMasks<MaskFolder> && MaskGenerator<MaskFolder>);

}  // namespace tessera
