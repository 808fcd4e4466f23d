// SPDX-License-Identifier: BSD-3-Clause
// Saves on a full disk: one sentence, the previous file whole, nothing left behind. The disk is a
// small tmpfs, mounted in a namespace of this process; without the right to mount, CTest reports
// the test as skipped.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>

#include <tessera/network/weights.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/training/checkpoint.hpp>

#include "../temporary_folder.hpp"

using namespace tessera;
using testing::TemporaryFolder;

namespace {

/// A file system of 64 KiB, seen by this process alone and gone with it.
class SmallDisk {
 public:
  SmallDisk() {
    mounted_ = ::unshare(CLONE_NEWNS) == 0 &&
               ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("none", folder_.path().c_str(), "tmpfs", 0, "size=64k") == 0;
    if (!mounted_) std::printf("SKIPPED: cannot mount a tmpfs: %s\n", std::strerror(errno));
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount(folder_.path().c_str());
  }
  explicit operator bool() const { return mounted_; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  auto files() const {
    return std::distance(std::filesystem::directory_iterator(folder_.path()),
                         std::filesystem::directory_iterator());
  }

 private:
  TemporaryFolder folder_;
  bool mounted_ = false;
};

using Small = Network<Input<4, 4, 8>, Conv2d<8, 8, kernel(3)>>;     // 2.4 KiB
using Large = Network<Input<4, 4, 64>, Conv2d<64, 64, kernel(3)>>;  // 147 KiB

}  // namespace

TEST_CASE("full disk: saving a model says so, keeps the old file and leaves nothing behind") {
  const SmallDisk disk;
  if (!disk) return;
  const auto path = disk / "model.safetensors";
  Model<Small> small(Seed{1});
  small.save(path);
  CHECK_THROWS_WITH_AS(Model<Large>().save(path),
                       (path.string() + ": cannot write: No space left on device").c_str(),
                       FileError);
  CHECK(disk.files() == 1);
  Model<Small> read(Seed{2});
  read.load(path);
  CHECK(read.get("0.weight") == small.get("0.weight"));
}

TEST_CASE("full disk: a checkpoint that does not fit keeps the one before it") {
  const SmallDisk disk;
  if (!disk) return;
  const auto path = disk / "checkpoint.safetensors";
  Model<Large> large;
  Model<Small> small;
  save_checkpoint(path, detail::training_state<float>(Small::structure, small.state(), {}), {}, {},
                  "");
  const auto before = read_file(path, 1 << 20);
  CHECK_THROWS_WITH_AS(
      save_checkpoint(path, detail::training_state<float>(Large::structure, large.state(), {}), {},
                      {}, ""),
      (path.string() + ": cannot write: No space left on device").c_str(), FileError);
  CHECK(disk.files() == 1);
  CHECK(read_file(path, 1 << 20) == before);
}

TEST_CASE("full disk: the last byte that fits, and the first that does not") {
  const SmallDisk disk;
  if (!disk) return;
  write_file_atomically(disk / "old", "old");  // takes a page of 4 KiB
  write_file_atomically(disk / "a", std::string(60 * 1024, 'x'));
  std::filesystem::remove(disk / "a");
  CHECK_THROWS_WITH_AS(write_file_atomically(disk / "a", std::string(60 * 1024 + 1, 'x')),
                       doctest::Contains("a: cannot write: No space left on device"), FileError);
  CHECK_THROWS_WITH_AS(write_file_atomically(disk / "old", std::string(100 * 1024, 'x')),
                       doctest::Contains("old: cannot write: No space left on device"), FileError);
  CHECK(disk.files() == 1);
  CHECK(read_file(disk / "old", 10).size() == 3);
}
