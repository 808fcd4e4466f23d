// SPDX-License-Identifier: BSD-3-Clause
// Photographs of different sizes, held in memory as 8-bit RGB: what patches are cut from.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tessera/data/detail/image_files.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// One photograph.
struct Photograph {
  int height = 0, width = 0;
  Buffer<std::uint8_t> pixels;  // [H, W, 3]
  std::string name;             // of its file, below the folder

  std::int64_t area() const { return std::int64_t{height} * width; }
  const std::uint8_t* pixel(int y, int x) const {  // [3]
    return pixels.data() + 3 * (std::int64_t{y} * width + x);
  }
};

/// Photographs in memory. Copies, take and drop share the pixels.
class PhotographSet {
 public:
  PhotographSet() = default;

  /// The JPEG, PNG and BMP files of a folder and the folders in it, in the order of their names;
  /// grey is repeated, alpha left out, 16 bits rounded to 8.
  /// Errors: FileError if there is no image, one is damaged, or they need more memory than the
  /// options allow.
  explicit PhotographSet(const std::filesystem::path& folder, const FolderOptions& options = {}) {
    std::vector<Photograph> photographs;
    counts_ = detail::read_folder(folder, options, [&](Image image, const std::string& name) {
      photographs.push_back(make(image, name));
      return photographs.back().pixels.size();
    });
    share(std::move(photographs));
  }

  /// Photographs from images in memory, named by their numbers.
  explicit PhotographSet(std::span<const Image> images) {
    std::vector<Photograph> photographs;
    for (const Image& image : images)
      photographs.push_back(make(image, std::to_string(photographs.size())));
    counts_.images = photographs.size();
    share(std::move(photographs));
  }

  std::size_t size() const { return count_; }
  /// How many files of the folder were read and left out.
  const FolderCounts& counts() const { return counts_; }

  /// Errors: ArgumentError if there is no such photograph.
  const Photograph& operator[](std::size_t index) const {
    if (index >= count_)
      throw ArgumentError("PhotographSet: expected an index below " + std::to_string(count_) +
                          ", got " + std::to_string(index));
    return (*photographs_)[first_ + index];
  }

  /// The first n photographs, or all but the first n: what held-out photographs are made of.
  /// Errors: ArgumentError if there are fewer.
  PhotographSet take(std::size_t n) const {
    check_count("take", n);
    PhotographSet part = *this;
    part.count_ = n;
    return part;
  }
  PhotographSet drop(std::size_t n) const {
    check_count("drop", n);
    PhotographSet part = *this;
    part.first_ += n;
    part.count_ -= n;
    return part;
  }

 private:
  static Photograph make(const Image& image, std::string name) {
    Photograph photograph{
        image.height, image.width,
        Buffer<std::uint8_t>(static_cast<std::size_t>(image.shape().pixels()) * 3),
        std::move(name)};
    to_bytes(image, 3, photograph.pixels.data());
    return photograph;
  }
  void share(std::vector<Photograph> photographs) {
    count_ = photographs.size();
    photographs_ = std::make_shared<const std::vector<Photograph>>(std::move(photographs));
  }
  void check_count(const char* function, std::size_t n) const {
    if (n > count_)
      throw ArgumentError(std::string("PhotographSet: ") + function + "(" + std::to_string(n) +
                          "): the set holds only " + std::to_string(count_) + " photographs");
  }

  std::shared_ptr<const std::vector<Photograph>> photographs_;
  std::size_t first_ = 0, count_ = 0;
  FolderCounts counts_;
};

}  // namespace tessera
