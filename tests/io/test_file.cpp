// SPDX-License-Identifier: BSD-3-Clause
// Reading with a size limit, and saves that either happen as a whole or leave the old file.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <tessera/io/file.hpp>

#include "../temporary_folder.hpp"
#include "file_size_limit.hpp"

namespace fs = std::filesystem;
using tessera::testing::FileSizeLimit;
using tessera::testing::TemporaryFolder;

namespace {

std::string text_of(const fs::path& path) {
  std::string text;
  for (const std::byte b : tessera::read_file(path, 1 << 20)) text += static_cast<char>(b);
  return text;
}
auto files_in(const TemporaryFolder& folder) {
  return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
}
unsigned mode_of(const fs::path& path) {
  return static_cast<unsigned>(fs::status(path).permissions());
}

}  // namespace

TEST_CASE("file: what was saved is read back, parts in order") {
  const TemporaryFolder folder;
  const auto path = folder / "a.txt";
  tessera::write_file_atomically(
      path, {tessera::bytes_of("one "), tessera::bytes_of(""), tessera::bytes_of("two")});
  CHECK(text_of(path) == "one two");
  tessera::write_file_atomically(path, "three");
  CHECK(text_of(path) == "three");
  tessera::write_file_atomically(path, "");
  CHECK(text_of(path).empty());
  CHECK(files_in(folder) == 1);
}

TEST_CASE("file: a relative name without a folder can be saved") {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  tessera::write_file_atomically("plain.txt", "x");
  CHECK(text_of("plain.txt") == "x");
  fs::current_path(before);
}

TEST_CASE("file: a new file follows the umask or is the owner's, a replaced one keeps its mode") {
  const TemporaryFolder folder;
  const ::mode_t before = ::umask(0);
  const std::span<const std::byte> text = tessera::bytes_of("1");
  for (const ::mode_t mask : {0000u, 0002u, 0022u, 0027u, 0077u}) {
    ::umask(mask);
    const auto path = folder / ("a" + std::to_string(mask)),
               own = folder / ("b" + std::to_string(mask));
    tessera::write_file_atomically(path, "1");
    CHECK(mode_of(path) == (0666u & ~mask));
    tessera::write_file_atomically(own, {text}, tessera::NewFile::owner_only);
    CHECK(mode_of(own) == 0600);
    for (const unsigned mode : {0600u, 0644u, 0640u, 0666u, 0755u}) {
      fs::permissions(path, static_cast<fs::perms>(mode));
      tessera::write_file_atomically(path, "2");
      CHECK(mode_of(path) == mode);
      tessera::write_file_atomically(path, {text}, tessera::NewFile::owner_only);
      CHECK(mode_of(path) == mode);
    }
  }
  ::umask(before);
}

TEST_CASE("file: reading reports path and cause") {
  const TemporaryFolder folder;
  const auto missing = folder / "missing";
  const auto check = [](const fs::path& path, std::uint64_t limit, const std::string& text) {
    CHECK_THROWS_WITH_AS(tessera::read_file(path, limit), (path.string() + text).c_str(),
                         tessera::FileError);
  };
  check(missing, 10, ": cannot open: No such file or directory");
  check(folder.path(), 10, ": cannot read: Is a directory");
  tessera::write_file_atomically(folder / "five", "12345");
  check(folder / "five", 4, ": file too large: expected at most 4 bytes, got 5");
  CHECK(tessera::read_file(folder / "five", 5).size() == 5);
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check(folder / "pipe", 10, ": cannot read: not a regular file");
}

TEST_CASE("file: positioned reads stay within the file, and notice that it shrank") {
  const TemporaryFolder folder;
  const auto path = folder / "five";
  tessera::write_file_atomically(path, "12345");
  const tessera::InputFile file(path);
  CHECK(file.size() == 5);
  std::vector<std::byte> two(2);
  file.read_at(3, two);
  CHECK(two[1] == std::byte{'5'});
  CHECK_THROWS_WITH_AS(file.read_at(4, two),
                       (path.string() + ": cannot read at byte 4: expected 2 bytes, got 1").c_str(),
                       tessera::FileError);
  CHECK_THROWS_AS(file.read_at(~std::uint64_t{0}, two), tessera::FileError);
  fs::resize_file(path, 4);
  CHECK_THROWS_WITH_AS(
      file.read_at(3, two),
      (path.string() + ": the file shrank while it was read: expected 5 bytes, got 4").c_str(),
      tessera::FileError);
}

TEST_CASE("file: a failed save names the cause, keeps the old file and leaves nothing behind") {
  const TemporaryFolder folder;
  const auto no_folder = folder / "none/a";
  CHECK_THROWS_WITH_AS(tessera::write_file_atomically(no_folder, "x"),
                       (no_folder.string() + ": cannot create a temporary file beside it: " +
                        "No such file or directory")
                           .c_str(),
                       tessera::FileError);
  fs::create_directory(folder / "taken");
  CHECK_THROWS_WITH_AS(tessera::write_file_atomically(folder / "taken", "x"),
                       doctest::Contains("taken: cannot replace: Is a directory"),
                       tessera::FileError);
  CHECK(files_in(folder) == 1);

  const auto path = folder / "a";
  tessera::write_file_atomically(path, "old");
  {
    const FileSizeLimit limit(1000);
    CHECK_THROWS_WITH_AS(tessera::write_file_atomically(path, std::string(5000, 'x')),
                         (path.string() + ": cannot write: File too large").c_str(),
                         tessera::FileError);
  }
  CHECK(text_of(path) == "old");
  CHECK(files_in(folder) == 2);
}

TEST_CASE("file: folders that cannot be written to") {
  const TemporaryFolder folder;
  const auto check = [](const fs::path& path, const std::string& cause) {
    CHECK_THROWS_WITH_AS(
        tessera::write_file_atomically(path, "x"),
        (path.string() + ": cannot create a temporary file beside it: " + cause).c_str(),
        tessera::FileError);
  };
  tessera::write_file_atomically(folder / "file", "x");
  check(folder / "file/a", "Not a directory");
  check("/proc/a", "No such file or directory");
  check(folder / std::string(300, 'n'), "File name too long");
  fs::create_directory(folder / "closed");
  fs::permissions(folder / "closed", static_cast<fs::perms>(0555));
  fs::permissions(folder.path(), static_cast<fs::perms>(0755));
  const bool root = ::geteuid() == 0;  // whom permissions do not bind
  if (root) REQUIRE(::seteuid(65534) == 0);
  check(folder / "closed/a", "Permission denied");
  if (root) REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("file: bytes in memory are read like a file") {
  const tessera::InputFile file("name", tessera::bytes_of("12345"));
  CHECK(file.size() == 5);
  CHECK(file.path() == "name");
  std::vector<std::byte> two(2), none;
  file.read_at(3, two);
  CHECK(two[1] == std::byte{'5'});
  file.read_at(5, none);
  CHECK_THROWS_WITH_AS(file.read_at(4, two), "name: cannot read at byte 4: expected 2 bytes, got 1",
                       tessera::FileError);
  CHECK_THROWS_AS(file.read_at(~std::uint64_t{0}, two), tessera::FileError);
}

TEST_CASE("file: what cannot be written is found before the work, in a sentence") {
  const TemporaryFolder folder;
  tessera::write_file_atomically(folder / "text", "x");
  const auto before = files_in(folder);
  tessera::check_writable(folder / "new.png");
  tessera::check_writable(folder / "text");
  tessera::check_folder_writable(folder / "new" / "deep");
  tessera::check_folder_writable(folder.path());
  CHECK(files_in(folder) == before);
  CHECK(text_of(folder / "text") == "x");
  const std::string at = folder.path().string();
  CHECK_THROWS_WITH_AS(tessera::check_writable(folder / "none" / "a.png"),
                       (at + "/none/a.png: cannot be written: there is no folder " + at + "/none")
                           .c_str(),
                       tessera::FileError);
  CHECK_THROWS_WITH_AS(
      tessera::check_writable(folder / "text" / "a.png"),
      (at + "/text/a.png: cannot be written: " + at + "/text is not a folder").c_str(),
      tessera::FileError);
  CHECK_THROWS_WITH_AS(tessera::check_writable(folder.path()),
                       (at + ": cannot be written: it is a folder").c_str(), tessera::FileError);
  CHECK_THROWS_WITH_AS(
      tessera::check_folder_writable(folder / "text" / "run"),
      (at + "/text/run: cannot be written to: " + at + "/text is not a folder").c_str(),
      tessera::FileError);
  if (::geteuid() == 0) return;  // root may write everywhere
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK_THROWS_AS(tessera::check_writable(folder / "a.png"), tessera::FileError);
  CHECK_THROWS_AS(tessera::check_folder_writable(folder / "run"), tessera::FileError);
  fs::permissions(folder.path(), fs::perms::owner_all);
}
