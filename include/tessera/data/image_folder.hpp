// SPDX-License-Identifier: BSD-3-Clause
// A data set from a folder of image files, all brought to one size.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <tessera/data/dataset.hpp>
#include <tessera/data/detail/image_files.hpp>
#include <tessera/data/resize.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// The JPEG, PNG and BMP files of a folder (and the folders in it) as images of one shape, in
/// memory, in the order of their names. An image of the shape's size is taken as it is; of another
/// one the largest middle part with the shape's proportions is taken and resized: mean of the area
/// where it shrinks, linear where it grows. Channels 1 or 3, as in to_tensor.
class ImageFolder : public ImageSet {
 public:
  /// Errors: ArgumentError if the shape has other channels or no size, FileError if there is no
  /// image, one is damaged, or they need more memory than the options allow.
  ImageFolder(const std::filesystem::path& folder, const Shape& shape, FolderOptions options = {})
      : ImageFolder(shape, load(folder, shape, options)) {}

  /// How many files were read and left out.
  const FolderCounts& counts() const { return counts_; }

 private:
  struct Pixels {
    Buffer<std::uint8_t> bytes;
    FolderCounts counts;
  };

  ImageFolder(const Shape& shape, Pixels pixels)
      : ImageSet(shape, std::move(pixels.bytes)), counts_(pixels.counts) {}

  static Pixels load(const std::filesystem::path& folder, const Shape& shape,
                     const FolderOptions& options) {
    if (shape.height <= 0 || shape.width <= 0 || (shape.channels != 1 && shape.channels != 3))
      throw ArgumentError("ImageFolder: expected positive sizes and 1 or 3 channels, got " +
                          to_string(shape));
    const auto size = static_cast<std::size_t>(shape.size());
    std::vector<std::uint8_t> bytes;
    const FolderCounts counts =
        detail::read_folder(folder, options, [&](Image image, const std::string&) {
          bytes.resize(bytes.size() + size);
          to_bytes(fit_to(std::move(image), shape.height, shape.width), shape.channels,
                   bytes.data() + bytes.size() - size);
          return size;
        });
    Buffer<std::uint8_t> buffer(bytes.size());
    std::ranges::copy(bytes, buffer.begin());
    return {std::move(buffer), counts};
  }

  FolderCounts counts_;
};

static_assert(Dataset<ImageFolder>);

}  // namespace tessera
