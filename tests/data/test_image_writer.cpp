// SPDX-License-Identifier: BSD-3-Clause
// Writing images: what is read back is what was written, sample for sample.
#include <doctest/doctest.h>

#include "../temporary_folder.hpp"

#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/tensor/random.hpp>

using namespace tessera;

namespace {

enum class Kind { noise, repeats, ramp, sparse };

Image picture(int height, int width, int channels, int depth, Kind kind) {
  Image image(height, width, channels, depth);
  RandomStream random(Seed{5}, 2);
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    std::size_t value = 0;
    switch (kind) {
      case Kind::noise:
        value = static_cast<std::size_t>(random.integer(0, 65536));
        break;
      case Kind::repeats:
        value = i % 7 * 9001;
        break;
      case Kind::ramp:
        value = i * 3;
        break;
      case Kind::sparse:
        value = random.integer(0, 50) == 0 ? 65535 : 0;
        break;
    }
    image.samples[i] = static_cast<std::uint16_t>(value % (depth == 8 ? 256 : 65536));
  }
  return image;
}

bool same(const Image& a, const Image& b) {
  return a.shape() == b.shape() && a.depth == b.depth &&
         std::equal(a.samples.begin(), a.samples.end(), b.samples.begin(), b.samples.end());
}

}  // namespace

TEST_CASE("PNG of every depth and number of channels comes back unchanged") {
  for (const int depth : {8, 16})
    for (int channels = 1; channels <= 4; ++channels)
      for (const auto& [height, width] : {std::pair{1, 1}, {1, 300}, {17, 5}, {64, 33}})
        for (const Kind kind : {Kind::noise, Kind::repeats, Kind::ramp, Kind::sparse}) {
          CAPTURE(depth);
          CAPTURE(channels);
          const Image image = picture(height, width, channels, depth, kind);
          CHECK(same(decode_image(encode_png(image), "x"), image));
        }
}

TEST_CASE("each of the 65536 samples of 16 bits is kept") {
  Image image(256, 256, 1, 16);
  for (std::size_t i = 0; i < image.samples.size(); ++i)
    image.samples[i] = static_cast<std::uint16_t>(i);
  CHECK(same(decode_image(encode_png(image), "x"), image));
}

TEST_CASE("BMP of 8 bits comes back as RGB, with alpha as RGBA") {
  for (int channels = 1; channels <= 4; ++channels)
    for (const auto& [height, width] : {std::pair{1, 1}, {3, 2}, {5, 3}, {7, 4}, {2, 101}}) {
      const Image image = picture(height, width, channels, 8, Kind::noise);
      const Image back = decode_image(encode_bmp(image), "x");
      CAPTURE(channels);
      REQUIRE(back.shape() == Shape{height, width, image.has_alpha() ? 4 : 3});
      bool right = true;
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
          for (int c = 0; c < 3; ++c)
            right &= back.pixel(y, x)[c] == image.pixel(y, x)[image.colours() == 3 ? c : 0];
          if (image.has_alpha()) right &= back.pixel(y, x)[3] == image.pixel(y, x)[channels - 1];
        }
      CHECK(right);
    }
  const Image clear(2, 2, 4);  // alpha 0 everywhere stays 0
  CHECK(same(decode_image(encode_bmp(clear), "x"), clear));
}

TEST_CASE("zlib streams of every small size, and of several blocks") {
  // Read back through PNG: one row of bytes of any length.
  for (int width = 1; width < 600; width += 1)
    for (const Kind kind : {Kind::noise, Kind::repeats, Kind::sparse}) {
      const Image image = picture(1, width, 1, 8, kind);
      if (!same(decode_image(encode_png(image), "x"), image)) FAIL("width " << width);
    }
  const Image large = picture(400, 500, 3, 8, Kind::noise);  // 9 blocks
  CHECK(same(decode_image(encode_png(large), "x"), large));
  CHECK(encode_png(large).size() < large.samples.size() * 101 / 100);
  const Image flat(1000, 1000, 3);  // repeats of the longest kind
  CHECK(encode_png(flat).size() < 30'000);
  CHECK(same(decode_image(encode_png(flat), "x"), flat));
  const Image ramp = picture(300, 300, 3, 8, Kind::ramp);
  CHECK(encode_png(ramp).size() < ramp.samples.size() / 20);
}

TEST_CASE("write_image: by ending, whole or not at all") {
  const tessera::testing::TemporaryFolder folder;
  const Image image = picture(9, 8, 3, 8, Kind::noise), deep = picture(9, 8, 4, 16, Kind::noise);
  write_image(folder / "a.png", image);
  write_image(folder / "b.BMP", image);
  write_image(folder / "c.PNG", deep);
  CHECK(same(read_image(folder / "a.png"), image));
  CHECK(same(read_image(folder / "b.BMP"), image));
  CHECK(same(read_image(folder / "c.PNG"), deep));
  const auto message = [&](const std::string& name, const Image& what) -> std::string {
    try {
      write_image(folder / name, what);
    } catch (const Error& error) {
      const std::string text = error.what(), prefix = folder.path().string() + "/";
      return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    }
    return "no error";
  };
  CHECK(message("a.jpg", image) == "a.jpg: JPEG would change the known pixels; write .png or .bmp");
  CHECK(message("a.JPEG", image) ==
        "a.JPEG: JPEG would change the known pixels; write .png or .bmp");
  CHECK(message("a.gif", image) ==
        "a.gif: expected a name that ends in .png or .bmp, got \".gif\"");
  CHECK(message("a", image) == "a: expected a name that ends in .png or .bmp, got \"\"");
  CHECK(message("d.bmp", deep) == "d.bmp: BMP holds 8 bits a sample, the image has 16; write .png");
  CHECK(message("e.png", Image{}) == "encode_png: expected an image, got one without pixels");
  CHECK(message("none/f.png", image) ==
        "none/f.png: cannot create a temporary file beside it: No such file or directory");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path()))
    ++files;
  CHECK(files == 3);
}

TEST_CASE("an image has sizes, channels and a depth that files can hold") {
  CHECK_THROWS_WITH_AS(Image(0, 3, 3),
                       "Image: expected positive sizes, 1 to 4 channels of 8 or 16 bits, got 0x3x3 "
                       "of 8 bits",
                       ArgumentError);
  CHECK_THROWS_AS(Image(1, 1, 5), ArgumentError);
  CHECK_THROWS_AS(Image(1, 1, 1, 12), ArgumentError);
}
