// SPDX-License-Identifier: BSD-3-Clause
// Masks from image files: white = hole.
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

#include <tessera/data/hole_mask.hpp>
#include <tessera/data/detail/image_files.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

namespace tessera {

/// The bright pixels of an image as holes: 1 where the Rec. 601 luma is at least half of the range
/// (128 of 255), of any depth and number of channels; alpha plays no part.
inline HoleMask to_hole(const Image& image) {
  HoleMask mask{image.height, image.width,
                Buffer<std::uint8_t>(static_cast<std::size_t>(image.shape().pixels()))};
  const std::uint16_t* pixel = image.samples.data();
  for (std::uint8_t& hole : mask.hole) {
    hole = 2 * luma(pixel, image.colours()) >= 1000 * std::int64_t{image.largest()};
    pixel += image.channels;
  }
  return mask;
}

/// The holes of a mask image, as to_hole. Errors: as read_image.
inline HoleMask read_hole(const std::filesystem::path& path, const ImageLimits& limits = {}) {
  return to_hole(read_image(path, limits));
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

/// Masks drawn from a folder of mask images (JPEG, PNG, BMP; white = hole), each equally often,
/// brought to the size of the image by resize_nearest. They are read once, a byte a pixel. Copies
/// share them.
class MaskFolder {
 public:
  /// Errors: FileError if there is no image, one is damaged, or they need more memory than the
  /// options allow; ArgumentError if the options ask to shrink.
  explicit MaskFolder(const std::filesystem::path& folder, const FolderOptions& options = {}) {
    if (options.longest_side > 0)
      throw ArgumentError("MaskFolder: masks are not shrunk on reading (longest_side)");
    std::vector<HoleMask> masks;
    counts_ = detail::read_folder(folder, options, [&](const Image& image, const std::string&) {
      masks.push_back(to_hole(image));
      return masks.back().hole.size();
    });
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

  /// Writes `hole` `[height, width]`; draws the number of the file.
  template <IntegerSource Random>
  void draw(Random& random, int height, int width, std::uint8_t* hole) const {
    const auto last =
        static_cast<int>(std::min<std::size_t>(size(), std::numeric_limits<int>::max()));
    const HoleMask& mask = (*masks_)[static_cast<std::size_t>(random.integer(0, last))];
    resize_nearest(mask.hole.data(), mask.height, mask.width, height, width, hole);
  }

 private:
  std::shared_ptr<const std::vector<HoleMask>> masks_;
  FolderCounts counts_;
};

static_assert(RandomMasks<MaskFolder> && MaskGenerator<MaskFolder>);

}  // namespace tessera
