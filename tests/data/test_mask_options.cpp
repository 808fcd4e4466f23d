// SPDX-License-Identifier: BSD-3-Clause
// Masks that are not white on black: read by options, and told when they are read without.
#include <doctest/doctest.h>

#include "../temporary_folder.hpp"

#include <functional>
#include <tessera/data/image_writer.hpp>
#include <tessera/data/mask_files.hpp>
#include <tessera/data/masks.hpp>

using namespace tessera;

namespace {

using Paint = std::function<void(bool mark, std::uint16_t* pixel)>;

/// A mark of 8 of 40 pixels, painted by `paint`.
Image mask_image(int channels, const Paint& paint, int depth = 8) {
  Image image(5, 8, channels, depth);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 8; ++x) paint(x >= 2 && x < 6 && y >= 1 && y < 3, image.pixel(y, x));
  return image;
}
/// The mark has these samples, the rest those.
Image two_colours(std::vector<int> mark, std::vector<int> rest, int depth = 8) {
  const auto paint = [&](bool marked, std::uint16_t* pixel) {
    for (std::size_t c = 0; c < mark.size(); ++c)
      pixel[c] = static_cast<std::uint16_t>(marked ? mark[c] : rest[c]);
  };
  return mask_image(static_cast<int>(mark.size()), paint, depth);
}

bool is_mark(const HoleMask& mask) {
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 8; ++x)
      if (mask.hole[static_cast<std::size_t>(8 * y + x)] != (x >= 2 && x < 6 && y >= 1 && y < 3))
        return false;
  return true;
}

/// The mask is told with this sentence, and the options read it; with them it says nothing.
void check(const Image& image, const std::string& warning, const MaskOptions& options) {
  CHECK(to_hole(image).warning == warning);
  const HoleMask mask = to_hole(image, options);
  CHECK(is_mark(mask));
  CHECK(mask.warning == "");
}

const std::string empty = "the hole is empty, so nothing is filled; ";
const std::string whole = "the hole is the whole picture, so nothing is known; ";
const std::string alpha_text =
    " of its pixels are transparent, but alpha plays no part: --mask-alpha fills those, "
    "--mask-alpha --invert the others";

}  // namespace

TEST_CASE("white on black says nothing, of any depth, with alpha, with JPEG's noise") {
  check(two_colours({255}, {0}), "", {});
  check(two_colours({65535}, {0}, 16), "", {});
  check(two_colours({255, 255, 255}, {0, 0, 0}), "", {});
  check(two_colours({255, 255}, {0, 255}), "", {});
  check(two_colours({255, 255, 255, 255}, {0, 0, 0, 0}), "", {});  // strokes on a clear layer
  check(two_colours({255, 255, 255, 255}, {0, 0, 0, 255}), "", {});
  check(two_colours({250}, {4}), "", {});
  check(two_colours({0}, {255}), "", {.invert = true});
}

TEST_CASE("samples of 0 and 1, or of a few classes") {
  for (const int depth : {8, 16}) {
    const std::string largest = depth == 8 ? "255" : "65535", half = depth == 8 ? "128" : "32768";
    check(two_colours({1}, {0}, depth),
          empty + "its samples lie between 0 and 1 of " + largest + ", and none of them reach " +
              half + ": --threshold 1 tells them apart",
          {.threshold = 1});
    check(two_colours({1, 1, 1}, {0, 0, 0}, depth),
          empty + "its samples lie between 0 and 1 of " + largest + ", and none of them reach " +
              half + ": --threshold 1 tells them apart",
          {.threshold = 1});
    check(two_colours({5}, {0}, depth),
          empty + "its samples lie between 0 and 5 of " + largest + ", and none of them reach " +
              half + ": --threshold 1 tells them apart",
          {.threshold = 1});
  }
  check(two_colours({100}, {20}),
        empty +
            "its samples lie between 20 and 100 of 255, and none of them reach 128: "
            "--threshold 60 tells them apart",
        {.threshold = 60});
  check(two_colours({255}, {200}),
        whole +
            "its samples lie between 200 and 255 of 255, and all of them reach 128: "
            "--threshold 228 tells them apart",
        {.threshold = 228});
}

TEST_CASE("coloured marks") {
  check(two_colours({255, 0, 0}, {0, 0, 0}),
        empty +
            "20 % of its pixels are coloured, such as (255, 0, 0), and too dark to count as "
            "white: --threshold 38 fills them",
        {.threshold = 38});
  check(two_colours({0, 0, 255, 255}, {0, 0, 0, 255}),
        empty +
            "20 % of its pixels are coloured, such as (0, 0, 255), and too dark to count as "
            "white: --threshold 15 fills them",
        {.threshold = 15});
  check(two_colours({0, 255, 0}, {0, 0, 0}),
        "20 % of its pixels are neither black nor white: "
        "those of at least half are filled, and --threshold sets another limit",
        {.threshold = 75});
  check(two_colours({255, 0, 0}, {255, 255, 255}),
        "20 % of its pixels are coloured, such as (255, 0, 0), and too dark to count as white: "
        "--invert fills what is not white",
        {.invert = true, .threshold = 128});
}

TEST_CASE("the hole in the alpha channel") {
  const auto erased = two_colours({0, 0, 0, 0}, {90, 60, 30, 255});
  check(erased, empty + "20 %" + alpha_text, {.alpha = true});
  check(two_colours({255, 255, 255, 0}, {255, 255, 255, 255}), whole + "20 %" + alpha_text,
        {.alpha = true});
  check(two_colours({255, 255}, {255, 0}), whole + "80 %" + alpha_text,  // drawn on a clear layer
        {.invert = true, .alpha = true});
  check(two_colours({0, 65535}, {0, 0}, 16), empty + "80 %" + alpha_text,
        {.invert = true, .alpha = true});
  int i = 0;  // a photograph with an erased part
  check(mask_image(4,
                   [&](bool mark, std::uint16_t* pixel) {
                     for (int c = 0; c < 3; ++c)
                       pixel[c] = static_cast<std::uint16_t>(mark ? 0 : ++i * 97 % 256);
                     pixel[3] = mark ? 0 : 255;
                   }),
        "20 %" + alpha_text, {.alpha = true});
  CHECK(to_hole(two_colours({9, 255}, {9, 255}), {.alpha = true}).warning ==
        empty + "its alpha is 255 of 255 everywhere");
  CHECK(to_hole(two_colours({9, 0}, {9, 0}), {.alpha = true}).warning ==
        whole + "its alpha is 0 of 255 everywhere");
  CHECK(to_hole(two_colours({9, 0}, {9, 0}), {.invert = true, .alpha = true}).warning ==
        empty + "its alpha is 0 of 255 everywhere");
  CHECK(to_hole(two_colours({9, 200}, {9, 255}), {.alpha = true}).warning ==
        empty +
            "its transparency lies between 0 and 55 of 255, and none of them reach 128: "
            "--threshold 28 tells them apart");
  CHECK_THROWS_WITH_AS(to_hole(two_colours({9}, {3}), {.alpha = true}, "m.png"),
                       "m.png: expected a mask with an alpha channel, got one of 1 channel",
                       ArgumentError);
}

TEST_CASE("all black and all white") {
  for (const int channels : {1, 2, 3, 4}) {
    Image image(3, 4, channels);
    if (image.has_alpha())
      for (int p = 0; p < 12; ++p) image.pixel(0, p)[channels - 1] = 255;
    CHECK(to_hole(image).warning == empty + "all its pixels have the brightness 0 of 255");
    CHECK(to_hole(image, {.invert = true}).warning ==
          whole + "all its pixels have the brightness 0 of 255");
    for (std::uint16_t& sample : image.samples) sample = 255;
    CHECK(to_hole(image).warning == whole + "all its pixels have the brightness 255 of 255");
    CHECK(hole_ratio(to_hole(image, {.invert = true}).hole.span()) == 0);
  }
}

TEST_CASE("soft edges are cut at half, and that is said; not where a threshold is given") {
  Image soft(1, 10, 1);
  for (int x = 0; x < 10; ++x) soft.pixel(0, x)[0] = static_cast<std::uint16_t>(x * 255 / 9);
  const std::string text = "80 % of its pixels are neither black nor white: those ";
  CHECK(to_hole(soft).warning ==
        text + "of at least half are filled, and --threshold sets another limit");
  CHECK(to_hole(soft, {.invert = true}).warning ==
        text + "below half are filled, and --threshold sets another limit");
  for (const int threshold : {1, 60, 128, 200, 255}) {
    const HoleMask mask = to_hole(soft, {.threshold = threshold});
    CHECK(mask.warning == "");
    for (int x = 0; x < 10; ++x)
      CHECK(int{mask.hole[static_cast<std::size_t>(x)]} == (soft.pixel(0, x)[0] >= threshold));
  }
  CHECK_THROWS_WITH_AS(to_hole(soft, {.threshold = 256}),
                       "to_hole: expected a threshold of at most 255, got 256", ArgumentError);
  CHECK_THROWS_AS(to_hole(soft, {.threshold = -1}), ArgumentError);
}

TEST_CASE("files and folders take the options and tell what is odd") {
  const tessera::testing::TemporaryFolder folder;
  write_image(folder / "a.png", two_colours({255}, {0}));
  write_image(folder / "b.png", two_colours({1}, {0}));
  write_image(folder / "c.png", two_colours({0}, {0}));
  CHECK(read_hole(folder / "b.png").warning.starts_with(empty));
  CHECK(is_mark(read_hole(folder / "b.png", {.threshold = 1})));
  CHECK_THROWS_WITH_AS(read_hole(folder / "b.png", {.alpha = true}),
                       ((folder / "b.png").string() +
                        ": expected a mask with an alpha channel, got one of 1 channel")
                           .c_str(),
                       ArgumentError);
  const MaskFolder plain(folder.path());
  CHECK(plain.warning() ==
        "b.png: " + read_hole(folder / "b.png").warning + " (the first of 2 such masks)");
  const MaskFolder masks(folder.path(), {}, {.threshold = 1});
  CHECK(is_mark(masks[0]));
  CHECK(is_mark(masks[1]));
  CHECK(masks.warning() == "c.png: " + empty + "all its pixels have the brightness 0 of 255");
}
