// SPDX-License-Identifier: BSD-3-Clause
// Masks from files: the threshold, resizing against a scalar twin, random choice.
#include <doctest/doctest.h>

#include "../temporary_folder.hpp"

#include <set>
#include <tessera/data/image_writer.hpp>
#include <tessera/data/mask_files.hpp>

using namespace tessera;

TEST_CASE("white is hole from half of the range on, whatever depth and channels") {
  for (const int depth : {8, 16})
    for (int channels = 1; channels <= 4; ++channels) {
      const int half = depth == 8 ? 128 : 32768;
      Image image(1, 4, channels, depth);
      const int values[] = {0, half - 1, half, 2 * half - 1};
      for (int x = 0; x < 4; ++x)
        for (int c = 0; c < channels; ++c)
          image.pixel(0, x)[c] = static_cast<std::uint16_t>(
              image.has_alpha() && c == channels - 1 ? (x % 2 ? 0 : 255) : values[x]);
      const HoleMask mask = to_hole(image);
      CHECK(mask.height == 1);
      CHECK(mask.width == 4);
      for (std::size_t x = 0; x < 4; ++x) CHECK(int{mask.hole[x]} == (x >= 2));
    }
  Image colours(1, 3, 3);  // red, green, blue: luma 76, 150, 29
  for (int x = 0; x < 3; ++x) colours.pixel(0, x)[x] = 255;
  const HoleMask mask = to_hole(colours);
  CHECK(int{mask.hole[0]} == 0);
  CHECK(int{mask.hole[1]} == 1);
  CHECK(int{mask.hole[2]} == 0);
}

TEST_CASE("read_hole reads a file, or says what is wrong with it") {
  const tessera::testing::TemporaryFolder folder;
  Image image(3, 2, 1);
  image.pixel(2, 1)[0] = 255;
  for (const char* name : {"mask.png", "mask.bmp"}) {
    write_image(folder / name, image);
    const HoleMask mask = read_hole(folder / name);
    CHECK(mask.height == 3);
    CHECK(mask.width == 2);
    for (std::size_t i = 0; i < 6; ++i) CHECK(int{mask.hole[i]} == (i == 5));
  }
  CHECK_THROWS_WITH_AS(
      read_hole(folder / "none.png"),
      ((folder / "none.png").string() + ": cannot open: No such file or directory").c_str(),
      FileError);
}

TEST_CASE("resize_nearest takes the pixel under each centre") {
  const auto check = [](int from_height, int from_width, int height, int width) {
    std::vector<std::uint8_t> in(static_cast<std::size_t>(from_height * from_width));
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i * 37 % 251);
    std::vector<std::uint8_t> out(static_cast<std::size_t>(height * width));
    resize_nearest(in.data(), from_height, from_width, height, width, out.data());
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const int row = static_cast<int>(std::floor((y + 0.5) * from_height / height));
        const int column = static_cast<int>(std::floor((x + 0.5) * from_width / width));
        REQUIRE(out[static_cast<std::size_t>(y * width + x)] ==
                in[static_cast<std::size_t>(row * from_width + column)]);
      }
  };
  check(4, 4, 4, 4);
  check(8, 6, 4, 3);
  check(3, 5, 10, 11);
  check(7, 9, 3, 4);
  check(1, 1, 5, 2);
  check(33, 2, 1, 64);
}

TEST_CASE("MaskFolder draws each file, at the size asked for, from the stream alone") {
  const tessera::testing::TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {  // mask i: row i is the hole
    Image image(3, 4, 1);
    for (int x = 0; x < 4; ++x) image.pixel(i, x)[0] = 255;
    write_image(folder / ("mask" + std::to_string(i) + ".png"), image);
  }
  write_file_atomically(folder / "readme", "not a mask");
  const MaskFolder masks(folder.path());
  CHECK(masks.size() == 3);
  CHECK(masks.counts().other_files == 1);
  CHECK(int{masks[2].hole[8]} == 1);
  CHECK_THROWS_WITH_AS(masks[3], "MaskFolder: expected an index below 3, got 3", ArgumentError);
  std::multiset<int> drawn;
  for (std::uint64_t i = 0; i < 300; ++i) {
    RandomStream random(Seed{2}, i), again(Seed{2}, i);
    std::vector<std::uint8_t> hole(6 * 8, 7), repeated(6 * 8);
    masks.draw(random, {hole.data(), 1, 6, 8});
    masks.draw(again, {repeated.data(), 1, 6, 8});
    CHECK(hole == repeated);
    const int row = hole[0] ? 0 : hole[16] ? 1 : 2;
    drawn.insert(row);
    for (int y = 0; y < 6; ++y)
      for (int x = 0; x < 8; ++x)
        REQUIRE(hole[static_cast<std::size_t>(y * 8 + x)] == (y / 2 == row));
  }
  for (int row = 0; row < 3; ++row) CHECK(drawn.count(row) > 70);
  CHECK_THROWS_WITH_AS(MaskFolder(folder.path(), {.longest_side = 5}),
                       "MaskFolder: masks are not shrunk on reading (longest_side)", ArgumentError);
}
