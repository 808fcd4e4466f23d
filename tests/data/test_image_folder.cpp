// SPDX-License-Identifier: BSD-3-Clause
// Folders of images and resizing, against plain scalar twins.
#include <doctest/doctest.h>

#include "../temporary_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <tessera/data/image_folder.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/data/photographs.hpp>
#include <tessera/tensor/random.hpp>

using namespace tessera;
namespace fs = std::filesystem;

namespace {

Image noise(int height, int width, int channels, int depth = 8, int seed = 1) {
  Image image(height, width, channels, depth);
  RandomStream random(Seed{static_cast<std::uint64_t>(seed)}, 1);
  for (std::uint16_t& s : image.samples)
    s = static_cast<std::uint16_t>(random.integer(0, image.largest() + 1));
  return image;
}

bool same(const Image& a, const Image& b) {
  return a.shape() == b.shape() && a.depth == b.depth &&
         std::equal(a.samples.begin(), a.samples.end(), b.samples.begin(), b.samples.end());
}

/// Weight of sample k in sample i of an axis resized from `from` to `to`, in double.
double weight(int i, int k, int from, int to) {
  if (to <= from) {
    const double low = std::max<double>(k, double(i) * from / to);
    const double high = std::min<double>(k + 1, double(i + 1) * from / to);
    return std::max(0.0, high - low) * to / from;
  }
  const double place = std::clamp((i + 0.5) * from / to - 0.5, 0.0, from - 1.0);
  return std::max(0.0, 1 - std::abs(place - k));
}

Image resize_twin(const Image& image, int height, int width) {
  Image out(height, width, image.channels, image.depth);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < image.channels; ++c) {
        double sum = 0;
        for (int r = 0; r < image.height; ++r)
          for (int k = 0; k < image.width; ++k)
            sum += weight(y, r, image.height, height) * weight(x, k, image.width, width) *
                   image.pixel(r, k)[c];
        out.pixel(y, x)[c] = static_cast<std::uint16_t>(std::floor(sum + 0.5 + 1e-9));
      }
  return out;
}

std::string message_of(const auto& call, const fs::path& folder) {
  try {
    call();
  } catch (const Error& error) {
    std::string text = error.what();
    for (std::size_t at; (at = text.find(folder.string())) != std::string::npos;)
      text.replace(at, folder.string().size(), "DIR");
    return text;
  }
  return "no error";
}

}  // namespace

TEST_CASE("resize: area means and linear interpolation, as the scalar twin") {
  for (const int depth : {8, 16})
    for (const auto& [from, to] : {std::pair{Shape{9, 7, 3}, Shape{3, 7, 3}},
                                   {Shape{9, 7, 1}, Shape{4, 5, 1}},
                                   {Shape{5, 6, 4}, Shape{11, 13, 4}},
                                   {Shape{6, 5, 2}, Shape{1, 17, 2}},
                                   {Shape{1, 1, 3}, Shape{4, 3, 3}},
                                   {Shape{31, 2, 1}, Shape{30, 1, 1}}}) {
      const Image image = noise(from.height, from.width, from.channels, depth);
      CHECK(same(resize(image, to.height, to.width), resize_twin(image, to.height, to.width)));
    }
  const Image image = noise(6, 5, 3);
  CHECK(same(resize(image, 6, 5), image));
  Image flat(7, 9, 3);
  for (std::uint16_t& s : flat.samples) s = 201;
  for (const std::uint16_t s : resize(flat, 20, 4).samples) CHECK(s == 201);
  CHECK_THROWS_WITH_AS(resize(image, 0, 5),
                       "resize: expected sizes of 1 to 65536, got 6x5x3 to 0x5", ArgumentError);
}

TEST_CASE("crop, shrink_to and fit_to") {
  const Image image = noise(10, 20, 3);
  const Image part = crop(image, 2, 3, 4, 5);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x)
      for (int c = 0; c < 3; ++c) CHECK(part.pixel(y, x)[c] == image.pixel(y + 2, x + 3)[c]);
  CHECK_THROWS_WITH_AS(crop(image, 7, 0, 4, 5),
                       "crop: expected a part of 10x20x3, got 4x5 at row 7, column 0",
                       ArgumentError);
  CHECK(shrink_to(noise(10, 20, 3), 20).shape() == Shape{10, 20, 3});
  CHECK(shrink_to(noise(10, 20, 3), 7).shape() == Shape{4, 7, 3});  // 3.5 rounds up
  CHECK(shrink_to(noise(500, 1, 1), 3).shape() == Shape{3, 1, 1});
  CHECK(same(fit_to(noise(10, 20, 3), 10, 20), image));
  CHECK(same(fit_to(noise(10, 20, 3), 5, 5), resize(crop(image, 0, 5, 10, 10), 5, 5)));
  CHECK(same(fit_to(noise(10, 20, 3), 5, 20), resize(crop(image, 2, 0, 5, 20), 5, 20)));
}

TEST_CASE("a folder is read by the bytes of its files, in the order of their names") {
  const tessera::testing::TemporaryFolder folder;
  fs::create_directories(folder / "b/deep");
  const Image first = noise(4, 6, 3, 8, 1), second = noise(8, 12, 1, 8, 2),
              third = noise(4, 6, 4, 16, 3);
  write_image(folder / "b/deep/1.png", second);
  write_image(folder / "b/2.bmp", noise(5, 5, 3, 8, 9));
  write_image(folder / "a.png", first);
  write_image(folder / "c.png", third);
  write_file_atomically(folder / "notes.txt", "no image");
  write_file_atomically(folder / "fake.jpg", "no image");
  write_file_atomically(folder / "empty", "");
  fs::create_symlink(folder.path(), folder / "b/loop");  // not entered
  fs::create_symlink(folder / "nowhere", folder / "dead.png");
  fs::create_symlink(folder / "a.png", folder / "link.png");  // read

  const ImageFiles files = find_image_files(folder.path());
  std::vector<std::string> names;
  for (const auto& name : files.names) names.push_back(name.generic_string());
  CHECK(names == std::vector<std::string>{"a.png", "b/2.bmp", "b/deep/1.png", "c.png", "link.png"});
  CHECK(files.other_files == 3);

  const ImageFolder data(folder.path(), {4, 6, 3});
  CHECK(data.size() == 5);
  CHECK(data.counts().images == 5);
  CHECK(data.counts().other_files == 3);
  for (std::size_t i = 0; i < first.samples.size(); ++i)
    REQUIRE(data.image(0)[i] == first.samples[i]);  // the size already: taken as it is
  const Image half = resize(second, 4, 6);
  for (std::size_t i = 0; i < half.samples.size(); ++i)
    REQUIRE(data.image(2)[3 * i + 1] == half.samples[i]);
  std::vector<std::uint8_t> bytes(72);
  to_bytes(third, 3, bytes.data());
  CHECK(std::equal(bytes.begin(), bytes.end(), data.image(3).begin()));
  CHECK(ImageFolder(folder.path(), {2, 2, 1}, {.limit = 2}).size() == 2);
  const ImageSet rest = data.drop(4);  // an image set like any other
  CHECK(rest.size() == 1);

  const PhotographSet photographs(folder.path());
  CHECK(photographs.size() == 5);
  CHECK(photographs[2].name == "b/deep/1.png");
  CHECK(photographs[2].height == 8);
  CHECK(int{photographs[2].pixel(7, 11)[2]} == int{second.pixel(7, 11)[0]});
  CHECK(photographs.take(2).drop(1)[0].name == "b/2.bmp");
  CHECK(photographs.drop(4)[0].pixels.data() == photographs[4].pixels.data());  // shared
  CHECK(PhotographSet(folder.path(), {.longest_side = 6})[2].height == 4);
  CHECK_THROWS_WITH_AS(photographs.take(6),
                       "PhotographSet: take(6): the set holds only 5 photographs", ArgumentError);
  CHECK_THROWS_WITH_AS(photographs[5], "PhotographSet: expected an index below 5, got 5",
                       ArgumentError);
}

TEST_CASE("what is hidden is left out, files and folders, and counted") {
  const tessera::testing::TemporaryFolder outside;
  const fs::path folder = outside / ".photos";  // the folder itself may be hidden
  for (const char* const name : {".ipynb_checkpoints", ".thumbnails/large", "b/.trash"})
    fs::create_directories(folder / name);
  for (const char* const name :
       {"a.png", "b/c.png", ".hidden.png", "._a.png", ".ipynb_checkpoints/a-checkpoint.png",
        ".thumbnails/large/a.png", "b/.trash/d.png"})
    write_image(folder / name, noise(4, 4, 3));
  write_file_atomically(folder / ".DS_Store", "no image");
  const PhotographSet photographs(folder);
  REQUIRE(photographs.size() == 2);
  CHECK(photographs[0].name == "a.png");
  CHECK(photographs[1].name == "b/c.png");
  CHECK(photographs.counts().hidden == 6);
  CHECK(photographs.counts().other_files == 0);
  CHECK(ImageFolder(folder, {4, 4, 3}).size() == 2);
  CHECK(message_of([&] { PhotographSet(folder / ".thumbnails"); }, folder) == "no error");
  fs::create_directories(folder / "only/.git");
  CHECK(message_of([&] { PhotographSet(folder / "only"); }, folder) ==
        "DIR/only: no images here: looked for JPEG, PNG and BMP files, got 0 other files and 0 "
        "damaged images; left out: 1 hidden");
}

TEST_CASE("files and folders that cannot be opened are named, or left out when asked") {
  const tessera::testing::TemporaryFolder folder;
  fs::create_directories(folder / "lost+found");
  fs::create_directories(folder / "deep/locked");
  write_image(folder / "a.png", noise(4, 4, 3));
  write_image(folder / "deep/b.png", noise(4, 4, 3));
  write_image(folder / "secret.png", noise(4, 4, 3));
  write_image(folder / "deep/locked/c.png", noise(4, 4, 3));
  const auto mode = [&](const char* name, ::mode_t bits) {
    REQUIRE(::chmod((folder / name).c_str(), bits) == 0);
  };
  for (const char* const name : {"", "deep"}) mode(name, 0755);
  for (const char* const name : {"a.png", "deep/b.png"}) mode(name, 0644);
  for (const char* const name : {"secret.png", "lost+found", "deep/locked"}) mode(name, 0700);
  const bool root = ::geteuid() == 0;  // whom permissions do not bind
  const auto load = [&](FolderOptions options = {}) {
    if (root) REQUIRE(::seteuid(65534) == 0);
    const std::string text =
        message_of([&] { PhotographSet(folder.path(), options); }, folder.path());
    if (root) REQUIRE(::seteuid(0) == 0);
    return text;
  };
  mode("secret.png", 0);
  mode("lost+found", 0755);
  mode("deep/locked", 0755);
  mode("deep/locked/c.png", 0644);
  CHECK(load() == "DIR/secret.png: cannot open: Permission denied");
  CHECK(load({.skip_damaged = true}) == "no error");

  mode("secret.png", 0644);
  CHECK(load() == "no error");
  mode("lost+found", 0);
  CHECK(load() == "DIR/lost+found: cannot list the folder: Permission denied");
  mode("lost+found", 0755);
  mode("deep/locked", 0444);  // its names can be read, its files not be opened
  CHECK(load() == "DIR/deep/locked/c.png: cannot open: Permission denied");
  mode("deep/locked", 0);
  CHECK(load() == "DIR/deep/locked: cannot list the folder: Permission denied");

  mode("secret.png", 0);
  mode("lost+found", 0);
  if (root) REQUIRE(::seteuid(65534) == 0);
  const PhotographSet kept(folder.path(), {.skip_damaged = true});
  const ImageFiles files = find_image_files(folder.path(), true);
  if (root) REQUIRE(::seteuid(0) == 0);
  CHECK(kept.size() == 2);
  CHECK(kept.counts().unreadable == 3);
  CHECK(kept.counts().damaged == 0);
  CHECK(files.names.size() == 2);
  CHECK(files.unreadable == 3);
  // The folder that was asked for is needed in any case.
  mode("", 0);
  CHECK(load({.skip_damaged = true}) == "DIR: cannot list the folder: Permission denied");
  for (const char* const name : {"", "lost+found", "deep/locked"}) mode(name, 0755);
}

TEST_CASE("what is wrong with a folder is one sentence") {
  const tessera::testing::TemporaryFolder folder;
  const auto load = [&](FolderOptions options = {}) {
    return message_of([&] { PhotographSet(folder.path(), options); }, folder.path());
  };
  CHECK(load() ==
        "DIR: no images here: looked for JPEG, PNG and BMP files, got 0 other files and 0 "
        "damaged images");
  write_image(folder / "a.png", noise(10, 10, 3));
  write_image(folder / "b.png", noise(10, 10, 3));
  auto damaged = encode_png(noise(10, 10, 3));
  damaged.resize(100);
  write_file_atomically(folder / "c.png", {damaged});
  CHECK(load() ==
        "DIR/c.png: the PNG ends early: expected a whole chunk at byte 33, got the end of "
        "the file at byte 100");
  const PhotographSet kept(folder.path(), {.skip_damaged = true});
  CHECK(kept.size() == 2);
  CHECK(kept.counts().damaged == 1);
  CHECK(load({.max_memory = 599}) ==
        "DIR: the first 2 of 3 images take more than the allowed 599 bytes; read fewer (limit), "
        "shrink them (longest_side) or allow more (max_memory)");
  CHECK(load({.limit = 2, .max_memory = 600}) == "no error");
  CHECK(message_of([&] { PhotographSet(folder / "none"); }, folder.path()) ==
        "DIR/none: cannot list the folder: No such file or directory");
  CHECK(message_of(
            [&] {
              ImageFolder(folder.path(), {4, 4, 2});
            },
            folder.path()) ==
        "ImageFolder: expected positive sizes and 1 or 3 channels, got 4x4x2");
}

TEST_CASE("reading a folder is told of, file by file") {
  const testing::TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png", "c.png"}) write_image(folder / name, noise(4, 5, 3));
  std::string told;
  FolderOptions options;
  options.on_file = [&](std::size_t done, std::size_t all) {
    told += std::to_string(done) + "/" + std::to_string(all) + " ";
  };
  PhotographSet(folder.path(), options);
  CHECK(told == "1/3 2/3 3/3 ");
  told.clear();
  options.limit = 2;
  PhotographSet(folder.path(), options);
  CHECK(told == "1/2 2/2 ");
}
