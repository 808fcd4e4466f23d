// SPDX-License-Identifier: BSD-3-Clause
// Malformed CIFAR-10 files: wrong sizes and labels anywhere, files that shrink, files without end.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include <tessera/data/cifar10.hpp>

#include "../temporary_folder.hpp"
#include "allocation_peak.hpp"

using tessera::Cifar10;
using tessera::FileError;
using tessera::InputFile;
using tessera::testing::TemporaryFolder;

namespace {

constexpr std::size_t record = Cifar10::record_size;

/// Reads the bytes as one file; the number of images, or -1 if it was refused in one sentence.
long images_in(const std::string& content) {
  long count = -1;
  const std::size_t peak = tessera::testing::peak_of([&] {
    std::vector<InputFile> files;
    files.emplace_back("memory", tessera::bytes_of(content));
    try {
      count = static_cast<long>(Cifar10::read(files).size());
    } catch (const FileError& error) {
      const std::string text = error.what();
      CHECK(text.starts_with("memory: "));
      CHECK(text.find('\n') == text.npos);
    }
  });
  CHECK(peak <= 3 * content.size() + 8192);
  return count;
}

}  // namespace

TEST_CASE("hostile cifar10: every length up to two records and one byte") {
  for (std::size_t size = 0; size <= 2 * record + 1; ++size)
    CHECK(images_in(std::string(size, '\3')) ==
          (size > 0 && size % record == 0 ? static_cast<long>(size / record) : -1));
}

TEST_CASE("hostile cifar10: every label at every record") {
  for (std::size_t i = 0; i < 3; ++i)
    for (int label = 0; label < 256; ++label) {
      std::string content(3 * record, '\0');
      content[i * record] = static_cast<char>(label);
      CHECK(images_in(content) == (label < 10 ? 3 : -1));
    }
}

TEST_CASE("hostile cifar10: a file that shrinks while it is read") {
  const TemporaryFolder folder;
  tessera::write_file_atomically(folder / "a", std::string(4 * record, '\0'));
  std::vector<InputFile> files;
  files.emplace_back(folder / "a");
  std::filesystem::resize_file(folder / "a", 3 * record);
  CHECK_THROWS_WITH_AS(Cifar10::read(files),
                       ((folder / "a").string() + ": the file shrank while it was read: expected " +
                        std::to_string(4 * record) + " bytes, got " + std::to_string(3 * record))
                           .c_str(),
                       FileError);
}

TEST_CASE("hostile cifar10: a file of terabytes takes no memory") {
  const TemporaryFolder folder;
  const auto path = folder / "test_batch.bin";
  tessera::write_file_atomically(path, "");
  std::error_code failed;
  std::filesystem::resize_file(path, std::uint64_t{record} << 30, failed);
  if (failed) {
    MESSAGE("not tested: the file system has no sparse files of this size");
    return;
  }
  const std::size_t peak = tessera::testing::peak_of([&] {
    CHECK_THROWS_WITH_AS(Cifar10(folder.path()).test(),
                         (path.string() + ": not CIFAR-10 binary data: expected at most 1000000 " +
                          "records of 3073 bytes, got 3299608625152 bytes")
                             .c_str(),
                         FileError);
  });
  CHECK(peak < 65536);
}

TEST_CASE("hostile cifar10: pipes and folders in place of files") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "test_batch.bin").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(Cifar10(folder.path()).test(),
                       doctest::Contains("test_batch.bin: cannot read: not a regular file"),
                       FileError);
  std::filesystem::create_directory(folder / "data_batch_3.bin");
  CHECK_THROWS_WITH_AS(Cifar10(folder.path()).train(),
                       doctest::Contains("data_batch_3.bin: cannot read: Is a directory"),
                       FileError);
}
