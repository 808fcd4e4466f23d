// SPDX-License-Identifier: BSD-3-Clause
// CIFAR-10 in its binary version: records of one label byte and three 32x32 planes (red, green,
// blue), 3073 bytes each; data_batch_1.bin to data_batch_5.bin for training, test_batch.bin.
// Source: [krizhevsky2009] Learning Multiple Layers of Features from Tiny Images.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tessera/data/dataset.hpp>
#include <tessera/io/file.hpp>

namespace tessera {

/// The CIFAR-10 files of one folder; 32x32x3 images with labels 0..9. Nothing is read before
/// train() or test(). A file may hold any number of records from 1 to max_records.
class Cifar10 {
 public:
  static constexpr Shape shape{32, 32, 3};
  static constexpr std::size_t record_size = 1 + 3 * 32 * 32;
  static constexpr std::size_t max_records = 1'000'000;  // of one file; the real ones have 10,000

  explicit Cifar10(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The images of those of data_batch_1.bin ... data_batch_5.bin that are there, in that order.
  /// Errors: FileError if none is there, or one is not whole records with labels 0..9.
  ImageSet train() const {
    std::vector<InputFile> files;
    for (char i = '1'; i <= '5'; ++i) {
      const auto path = folder_ / (std::string("data_batch_") + i + ".bin");
      if (!missing(path)) files.emplace_back(path);
    }
    if (files.empty()) throw_nothing_found("data_batch_1.bin ... data_batch_5.bin");
    return read(files);
  }

  /// The images of test_batch.bin. Errors: as train.
  ImageSet test() const {
    const auto path = folder_ / "test_batch.bin";
    if (missing(path)) throw_nothing_found("test_batch.bin");
    std::vector<InputFile> files;
    files.emplace_back(path);
    return read(files);
  }

  /// The images of open files of this format, one file behind the other. Errors: as train.
  static ImageSet read(const std::vector<InputFile>& files) {
    std::size_t count = 0;
    for (const InputFile& file : files) {
      if (file.size() > max_records * record_size)
        throw FileError(file.path().string() + ": not CIFAR-10 binary data: expected at most " +
                        std::to_string(max_records) + " records of " + std::to_string(record_size) +
                        " bytes, got " + std::to_string(file.size()) + " bytes");
      if (file.size() == 0 || file.size() % record_size != 0)
        throw FileError(file.path().string() + ": not CIFAR-10 binary data: expected a positive " +
                        "multiple of " + std::to_string(record_size) + " bytes, got " +
                        std::to_string(file.size()));
      count += static_cast<std::size_t>(file.size()) / record_size;
    }
    Buffer<std::uint8_t> pixels(count * (record_size - 1)), labels(count);
    constexpr std::size_t block_records = 1000;
    std::vector<std::byte> block(std::min(count, block_records) * record_size);
    std::size_t image = 0;
    for (const InputFile& file : files) {
      const std::size_t records = static_cast<std::size_t>(file.size()) / record_size;
      for (std::size_t first = 0; first < records; first += block_records) {
        const std::size_t n = std::min(block_records, records - first);
        file.read_at(first * record_size, std::span(block).first(n * record_size));
        for (std::size_t i = 0; i < n; ++i, ++image) {
          const std::byte* record = block.data() + i * record_size;
          const auto label = std::to_integer<std::uint8_t>(record[0]);
          if (label > 9)
            throw FileError(file.path().string() + ": record " + std::to_string(first + i) +
                            ": expected a label of 0..9, got " + std::to_string(label));
          labels[image] = label;
          interleave(record + 1, pixels.data() + image * (record_size - 1));
        }
      }
    }
    return {shape, std::move(pixels), std::move(labels)};
  }

 private:
  static bool missing(const std::filesystem::path& path) {
    std::error_code ignored;  // any other trouble is reported by opening the file
    return std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found;
  }

  [[noreturn]] void throw_nothing_found(std::string_view names) const {
    throw FileError(folder_.string() + ": no CIFAR-10 data here: looked for " + std::string(names) +
                    "; get the \"binary version of CIFAR-10\" from " +
                    "https://www.cs.toronto.edu/~kriz/cifar.html and unpack it into this folder");
  }

  static void interleave(const std::byte* planes, std::uint8_t* out) {  // [C, H, W] -> [H, W, C]
    constexpr std::size_t plane = 32 * 32;
    for (std::size_t p = 0; p < plane; ++p)
      for (std::size_t c = 0; c < 3; ++c)
        out[p * 3 + c] = std::to_integer<std::uint8_t>(planes[c * plane + p]);
  }

  std::filesystem::path folder_;
};

}  // namespace tessera
