// SPDX-License-Identifier: BSD-3-Clause
// The cache on disk: what it returns was stored under that key, whatever happened to its files.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <tessera/cuda/detail/disk_cache.hpp>
#include <tessera/io/file.hpp>

#include "../environment_variable.hpp"
#include "../io/file_size_limit.hpp"
#include "../temporary_folder.hpp"

namespace fs = std::filesystem;
using tessera::cuda::DiskCache;
using tessera::testing::EnvironmentVariable;
using tessera::testing::TemporaryFolder;

namespace {

std::string text_of(const fs::path& path) {
  const auto bytes = tessera::read_file(path, 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) files.push_back(entry.path());
  return files;
}
unsigned mode_of(const fs::path& path) {
  return static_cast<unsigned>(fs::status(path).permissions());
}

}  // namespace

TEST_CASE("disk cache: any bytes come back, under their key only, the last ones stored") {
  const TemporaryFolder folder;
  const DiskCache cache(folder / "cache");
  CHECK_FALSE(cache.find("a"));
  const std::string binary("\0\xff\n;\0", 5);
  for (const std::string& key : {std::string("a"), std::string(), binary, std::string(100000, 'k')})
    for (const std::string& value : {binary, std::string(), std::string(100001, 'v')}) {
      cache.store(key, value);
      CHECK(cache.find(key) == value);
      CHECK(DiskCache(folder / "cache").find(key) == value);
    }
  CHECK(files_in(folder / "cache").size() == 4);
  for (const std::string& key : {std::string("b"), std::string(1, '\0'), std::string(100001, 'k')})
    CHECK_FALSE(cache.find(key));
}

TEST_CASE("disk cache: directories are made for the owner only, and so are files") {
  const TemporaryFolder folder;
  const DiskCache cache(folder / "above/cache");
  CHECK_FALSE(cache.find("key"));
  CHECK_FALSE(fs::exists(folder / "above"));  // looking makes nothing
  cache.store("key", "value");
  CHECK(mode_of(folder / "above") == 0700);
  CHECK(mode_of(folder / "above/cache") == 0700);
  const auto files = files_in(folder / "above/cache");
  REQUIRE(files.size() == 1);
  CHECK(mode_of(files[0]) == 0600);
  const std::string name = files[0].filename().string();
  CHECK(name.size() == 32);
  CHECK(name.find_first_not_of("0123456789abcdef") == name.npos);
}

TEST_CASE("disk cache: a directory or file that others may write to is not used") {
  const TemporaryFolder folder;
  const fs::path directory = folder / "cache";
  const DiskCache cache(directory);
  cache.store("key", "value");
  for (const int mode : {0720, 0702, 0777}) {
    fs::permissions(directory, static_cast<fs::perms>(mode));
    CHECK_FALSE(cache.find("key"));
    cache.store("other", "value");
  }
  fs::permissions(directory, static_cast<fs::perms>(0755));
  CHECK(cache.find("key") == "value");
  CHECK_FALSE(cache.find("other"));
  CHECK(files_in(directory).size() == 1);

  const fs::path file = files_in(directory)[0];
  fs::permissions(file, static_cast<fs::perms>(0660));
  CHECK_FALSE(cache.find("key"));
  cache.store("key", "new");
  CHECK(cache.find("key") == "new");
  CHECK(mode_of(file) == 0600);
}

TEST_CASE("disk cache: another owner's directory or file is not used") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root can give files away");
    return;
  }
  const TemporaryFolder folder;
  const fs::path directory = folder / "cache";
  const DiskCache cache(directory);
  cache.store("key", "value");
  for (const fs::path& path : {directory, files_in(directory)[0]}) {
    REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    CHECK_FALSE(cache.find("key"));
    REQUIRE(::chown(path.c_str(), ::geteuid(), ::getegid()) == 0);
    CHECK(cache.find("key") == "value");
  }
  REQUIRE(::chown(directory.c_str(), 65534, 65534) == 0);
  cache.store("other", "value");
  CHECK(files_in(directory).size() == 1);
}

TEST_CASE("disk cache: a damaged file counts as missing and is replaced by the next store") {
  const TemporaryFolder folder;
  const DiskCache cache(folder.path());
  cache.store("key", "some value");
  const fs::path file = files_in(folder.path())[0];
  const std::string whole = text_of(file);
  const auto find_in = [&](const std::string& content) {
    tessera::write_file_atomically(file, content);
    return cache.find("key");
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(find_in(whole.substr(0, size)));
  }
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    CAPTURE(bit);
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    CHECK_FALSE(find_in(flipped));
  }
  CHECK_FALSE(find_in(whole + "x"));
  CHECK_FALSE(find_in(std::string(1000, '\xff')));
  CHECK(find_in(whole) == "some value");
  tessera::write_file_atomically(file, "not an entry");
  cache.store("key", "again");
  CHECK(cache.find("key") == "again");
}

TEST_CASE("disk cache: an entry under another key's file name is not taken for it") {
  const TemporaryFolder folder;
  const DiskCache cache(folder.path());
  cache.store("key", "value");
  const fs::path file = files_in(folder.path())[0];
  for (const std::string other : {"kez", "a longer key", ""}) {
    const TemporaryFolder elsewhere;
    DiskCache(elsewhere.path()).store(other, "foreign");
    fs::copy_file(files_in(elsewhere.path())[0], file, fs::copy_options::overwrite_existing);
    CHECK_FALSE(cache.find("key"));
  }
  fs::remove(file);
  fs::create_directory(file);
  CHECK_FALSE(cache.find("key"));
  cache.store("key", "value");
  CHECK_FALSE(cache.find("key"));
  fs::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);  // must not wait for a writer
  CHECK_FALSE(cache.find("key"));
}

TEST_CASE("disk cache: where nothing can be written, nothing is stored and nothing is thrown") {
  const TemporaryFolder folder;
  tessera::write_file_atomically(folder / "file", "x");
  for (const fs::path& directory : {folder / "file", folder / "file/below", fs::path(),
                                    fs::path("/proc/none"), folder / std::string(300, 'x')}) {
    const DiskCache cache(directory);
    CHECK_NOTHROW(cache.store("key", "value"));
    CHECK_FALSE(cache.find("key"));
  }
  const fs::path directory = folder / "cache";
  const DiskCache cache(directory);
  cache.store("key", "old");
  {
    const tessera::testing::FileSizeLimit full(1000);
    CHECK_NOTHROW(cache.store("key", std::string(2000, 'v')));
    CHECK_NOTHROW(cache.store("other", std::string(2000, 'v')));
  }
  CHECK(cache.find("key") == "old");
  CHECK_FALSE(cache.find("other"));
  CHECK(files_in(directory).size() == 1);  // no temporary file is left
  fs::permissions(directory, static_cast<fs::perms>(0500));
  CHECK_NOTHROW(cache.store("key", "new"));  // root may write here all the same
  CHECK(cache.find("key") == (::geteuid() == 0 ? "new" : "old"));
  fs::permissions(directory, static_cast<fs::perms>(0700));
}

TEST_CASE("disk cache: a reader beside two writers sees whole entries only") {
  const TemporaryFolder folder;
  const fs::path directory = folder / "a/b/cache";
  const std::string values[] = {std::string(5000, 'a'), std::string(70000, 'b')};
  DiskCache(directory).store("key", values[0]);
  std::atomic<int> writing = 2, whole = 0, other = 0;
  std::vector<std::thread> threads;
  for (const std::string& value : values)
    threads.emplace_back([&directory, &value, &writing] {
      const DiskCache cache(directory);
      for (int i = 0; i < 50; ++i) cache.store("key", value);
      --writing;
    });
  const DiskCache cache(directory);
  do {
    const auto found = cache.find("key");
    ++(found == values[0] || found == values[1] ? whole : other);
  } while (writing > 0);
  for (std::thread& thread : threads) thread.join();
  CHECK(whole > 0);
  CHECK(other == 0);
  CHECK(files_in(directory).size() == 1);
}

TEST_CASE("disk cache: the standard directory follows the environment") {
  const EnvironmentVariable home("HOME", "/home/someone"), xdg("XDG_CACHE_HOME", nullptr),
      own("TESSERA_CACHE_DIR", nullptr);
  CHECK(DiskCache::standard_directory() == "/home/someone/.cache/tessera");
  {
    const EnvironmentVariable set("XDG_CACHE_HOME", "/var/someone");
    CHECK(DiskCache::standard_directory() == "/var/someone/tessera");
    const EnvironmentVariable chosen("TESSERA_CACHE_DIR", "kernels");
    CHECK(DiskCache::standard_directory() == "kernels");
    const EnvironmentVariable off("TESSERA_CACHE_DIR", "");
    CHECK(DiskCache::standard_directory().empty());
  }
  for (const char* useless : {"", "relative"}) {
    const EnvironmentVariable set("XDG_CACHE_HOME", useless);
    CHECK(DiskCache::standard_directory() == "/home/someone/.cache/tessera");
    const EnvironmentVariable homeless("HOME", useless);
    CHECK(DiskCache::standard_directory().empty());
  }
  const EnvironmentVariable homeless("HOME", nullptr);
  CHECK(DiskCache::standard_directory().empty());
}
