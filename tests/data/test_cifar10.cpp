// SPDX-License-Identifier: BSD-3-Clause
// CIFAR-10 files made here record by record: order of pixels and files, labels, refusals.
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <tessera/data/cifar10.hpp>
#include <tessera/data/dataset.hpp>
#include <tessera/tensor/tensor.hpp>

#include "../temporary_folder.hpp"

using tessera::Cifar10;
using tessera::ImageSet;
using tessera::testing::TemporaryFolder;

namespace {

/// The byte of record `record` at (h, w, c); all 3072 positions of a record differ from neighbours.
std::uint8_t pixel(int record, int h, int w, int c) {
  return static_cast<std::uint8_t>(record * 31 + h * 7 + w * 3 + c * 101);
}

/// Writes records first .. first + count - 1; record r has label r % 10.
void write_records(const std::filesystem::path& path, int first, int count) {
  std::string text;
  for (int r = first; r < first + count; ++r) {
    text += static_cast<char>(r % 10);
    for (int c = 0; c < 3; ++c)
      for (int h = 0; h < 32; ++h)
        for (int w = 0; w < 32; ++w) text += static_cast<char>(pixel(r, h, w, c));
  }
  tessera::write_file_atomically(path, text);
}

void check_images(const ImageSet& images, const std::vector<int>& records) {
  REQUIRE(images.size() == records.size());
  tessera::Tensor<float> image(1, Cifar10::shape);
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(images.label(i) == records[i] % 10);
    images.read(i, image);
    bool equal = true;
    for (int h = 0; h < 32; ++h)
      for (int w = 0; w < 32; ++w)
        for (int c = 0; c < 3; ++c)
          equal &= image.view()(0, h, w, c) ==
                   static_cast<float>(pixel(records[i], h, w, c)) / 255.0f;
    CHECK(equal);
  }
}

}  // namespace

TEST_CASE("cifar10: planes become pixels, files are joined in order, gaps are skipped") {
  const TemporaryFolder folder;
  write_records(folder / "data_batch_4.bin", 20, 1);
  write_records(folder / "data_batch_1.bin", 0, 3);
  write_records(folder / "data_batch_2.bin", 10, 2);
  write_records(folder / "test_batch.bin", 7, 2);
  write_records(folder / "data_batch_6.bin", 90, 1);  // not a CIFAR-10 file
  const Cifar10 cifar(folder.path());
  const ImageSet train = cifar.train();
  CHECK(train.shape() == tessera::Shape{32, 32, 3});
  check_images(train, {0, 1, 2, 10, 11, 20});
  check_images(cifar.test(), {7, 8});
}

TEST_CASE("cifar10: more records than one block of reading") {
  const TemporaryFolder folder;
  write_records(folder / "data_batch_1.bin", 0, 1003);
  write_records(folder / "data_batch_2.bin", 1003, 2);
  const ImageSet train = Cifar10(folder.path()).train();
  REQUIRE(train.size() == 1005);
  for (const int r : {0, 999, 1000, 1002, 1003, 1004}) {
    CHECK(train.label(static_cast<std::size_t>(r)) == r % 10);
    CHECK(train.image(static_cast<std::size_t>(r))[5 * 96 + 4 * 3 + 2] == pixel(r, 5, 4, 2));
  }
}

TEST_CASE("cifar10: missing data is one sentence with the remedy") {
  const TemporaryFolder folder;
  const std::string remedy =
      "; get the \"binary version of CIFAR-10\" from https://www.cs.toronto.edu/~kriz/cifar.html "
      "and unpack it into this folder";
  const std::string start = folder.path().string() + ": no CIFAR-10 data here: looked for ";
  CHECK_THROWS_WITH_AS(
      Cifar10(folder.path()).train(),
      (start + "data_batch_1.bin ... data_batch_5.bin" + remedy).c_str(), tessera::FileError);
  CHECK_THROWS_WITH_AS(Cifar10(folder.path()).test(), (start + "test_batch.bin" + remedy).c_str(),
                       tessera::FileError);
  CHECK_THROWS_WITH_AS(Cifar10(folder / "nowhere").train(),
                       doctest::Contains("nowhere: no CIFAR-10 data here"), tessera::FileError);
}

TEST_CASE("cifar10: wrong sizes, labels and things that are no files") {
  const TemporaryFolder folder;
  const auto path = folder / "test_batch.bin";
  const auto check = [&](const std::string& sentence) {
    CHECK_THROWS_WITH_AS(Cifar10(folder.path()).test(), (path.string() + sentence).c_str(),
                         tessera::FileError);
  };
  const std::string size = ": not CIFAR-10 binary data: expected a positive multiple of 3073 bytes";
  tessera::write_file_atomically(path, "");
  check(size + ", got 0");
  tessera::write_file_atomically(path, std::string(3072, '\0'));
  check(size + ", got 3072");
  tessera::write_file_atomically(path, std::string(2 * 3073 + 1, '\0'));
  check(size + ", got 6147");
  std::string records(3 * 3073, '\0');
  records[2 * 3073] = 10;
  tessera::write_file_atomically(path, records);
  check(": record 2: expected a label of 0..9, got 10");
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  check(": cannot read: Is a directory");

  // One bad file among good ones is not skipped.
  write_records(folder / "data_batch_1.bin", 0, 1);
  tessera::write_file_atomically(folder / "data_batch_2.bin", "x");
  CHECK_THROWS_WITH_AS(Cifar10(folder.path()).train(),
                       doctest::Contains("data_batch_2.bin: not CIFAR-10 binary data"),
                       tessera::FileError);
}

TEST_CASE("image set: take, drop, bounds and shapes") {
  tessera::Buffer<std::uint8_t> pixels(5 * 2 * 3 * 1), labels(5);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < 5; ++i) labels[i] = static_cast<std::uint8_t>(i);
  const ImageSet all({2, 3, 1}, std::move(pixels), std::move(labels));
  CHECK(all.size() == 5);
  CHECK(all.take(2).size() == 2);
  CHECK(all.take(5).size() == 5);
  CHECK(all.take(0).size() == 0);
  const ImageSet middle = all.drop(1).take(3);
  CHECK(middle.size() == 3);
  CHECK(middle.label(0) == 1);
  CHECK(middle.image(2)[0] == 18);
  CHECK_THROWS_WITH_AS(all.take(6), "ImageSet: take(6): the set holds only 5 images",
                       tessera::ArgumentError);
  CHECK_THROWS_AS(middle.drop(4), tessera::ArgumentError);
  CHECK_THROWS_WITH_AS(middle.image(3), "ImageSet: expected an index below 3, got 3",
                       tessera::ArgumentError);

  tessera::Tensor<float> wide(1, {2, 3, 4});
  middle.read(0, wide.view().slice(1, 1));  // a strided view
  CHECK(wide.view()(0, 1, 2, 1) == 11.0f / 255.0f);
  CHECK(wide.view()(0, 1, 2, 0) == 0.0f);
  CHECK_THROWS_WITH_AS(
      middle.read(0, wide),
      "ImageSet: expected room for one image of 2x3x1, got 1 of 2x3x4", tessera::ShapeError);

  CHECK_THROWS_AS(ImageSet({2, 3, 1}, tessera::Buffer<std::uint8_t>(7)), tessera::ShapeError);
  CHECK_THROWS_AS(ImageSet({2, 0, 1}, tessera::Buffer<std::uint8_t>(6)), tessera::ShapeError);
  CHECK_THROWS_AS(ImageSet({2, 3, 1}, tessera::Buffer<std::uint8_t>(6),
                           tessera::Buffer<std::uint8_t>(2)),
                  tessera::ShapeError);
  CHECK(ImageSet().size() == 0);
  CHECK_FALSE(ImageSet().has_labels());
}
