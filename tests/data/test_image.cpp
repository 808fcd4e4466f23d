// SPDX-License-Identifier: BSD-3-Clause
// Reading images: every format, EXIF orientations, conversion to floats and back, and files that
// are damaged, too large or something else.
#include <doctest/doctest.h>

#include "../temporary_folder.hpp"
#include "make_jpeg.hpp"

#include <fstream>
#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/tensor/random.hpp>

using namespace tessera;
using tessera::testing::make_jpeg;
using Bytes = std::vector<std::byte>;

namespace {

Image noise(int height, int width, int channels, int depth = 8) {
  Image image(height, width, channels, depth);
  RandomStream random(Seed{3}, 1);
  for (std::uint16_t& s : image.samples)
    s = static_cast<std::uint16_t>(random.integer(0, image.largest() + 1));
  return image;
}

bool same(const Image& a, const Image& b) {
  return a.shape() == b.shape() && a.depth == b.depth &&
         std::equal(a.samples.begin(), a.samples.end(), b.samples.begin(), b.samples.end());
}

std::string error_of(const Bytes& file, const ImageLimits& limits = {}) {
  try {
    decode_image(file, "x", limits);
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

void put_number(Bytes& out, std::uint32_t value, int count, bool big) {
  if (big) detail::append_big(out, value, count);
  else detail::append_little(out, value, count);
}

/// A TIFF block with three entries, the orientation in the middle.
Bytes exif_block(int orientation, bool big) {
  Bytes out;
  for (const char c : {'E', 'x', 'i', 'f', '\0', '\0'}) out.push_back(static_cast<std::byte>(c));
  put_number(out, big ? 0x4D4D : 0x4949, 2, big);
  put_number(out, 42, 2, big);
  put_number(out, 8, 4, big);
  put_number(out, 3, 2, big);
  for (const std::uint32_t tag : {0x010Fu, 0x0112u, 0x0131u}) {
    put_number(out, tag, 2, big);
    put_number(out, 3, 2, big);
    put_number(out, 1, 4, big);
    put_number(out, tag == 0x0112 ? static_cast<std::uint32_t>(orientation) : 5, 2, big);
    put_number(out, 0, 2, big);
  }
  put_number(out, 0, 4, big);
  return out;
}

/// The JPEG with the block as its APP1 segment.
Bytes with_exif(const Bytes& jpeg, const Bytes& block) {
  Bytes out(jpeg.begin(), jpeg.begin() + 2);
  detail::append_big(out, 0xFFE1, 2);
  detail::append_big(out, static_cast<std::uint32_t>(block.size() + 2), 2);
  out.insert(out.end(), block.begin(), block.end());
  out.insert(out.end(), jpeg.begin() + 2, jpeg.end());
  return out;
}

/// Puts a number into a PNG's content and its chunk's checksum right. IHDR lies at 8.
Bytes with_ihdr(Bytes png, std::size_t at, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i)
    png[at + static_cast<std::size_t>(i)] =
        static_cast<std::byte>(value >> (8 * (count - 1 - i)) & 255);
  const std::uint32_t crc = detail::crc32(std::span(png).subspan(12, 17));
  for (std::size_t i = 0; i < 4; ++i)
    png[29 + i] = static_cast<std::byte>(crc >> (24 - 8 * i) & 255);
  return png;
}

}  // namespace

TEST_CASE("a JPEG comes back nearly as it was, grey and colour") {
  for (const int channels : {1, 3}) {
    Image image(21, 34, channels);
    for (int y = 0; y < image.height; ++y)
      for (int x = 0; x < image.width; ++x)
        for (int c = 0; c < channels; ++c)
          image.pixel(y, x)[c] = static_cast<std::uint16_t>(40 + 3 * x + 2 * y + 20 * c);
    const Image back = decode_image(make_jpeg(image), "x");
    REQUIRE(back.height == 21);
    REQUIRE(back.width == 34);
    REQUIRE(back.channels == 3);  // stb_image_write writes grey as colour
    int worst = 0;
    for (int y = 0; y < image.height; ++y)
      for (int x = 0; x < image.width; ++x)
        for (int c = 0; c < 3; ++c)
          worst = std::max(worst, std::abs(int{back.pixel(y, x)[c]} -
                                           int{image.pixel(y, x)[channels == 3 ? c : 0]}));
    CHECK(worst <= 4);
  }
}

TEST_CASE("all EXIF orientations in both byte orders") {
  // The EXIF standard: where the first row and the first column of the file are in the picture.
  const Image image = noise(16, 40, 3);
  const Bytes jpeg = make_jpeg(image);
  const Image plain = decode_image(jpeg, "x");
  const int H = plain.height, W = plain.width;
  for (const bool big : {false, true})
    for (int orientation = 1; orientation <= 8; ++orientation) {
      CAPTURE(orientation);
      const Image turned = decode_image(with_exif(jpeg, exif_block(orientation, big)), "x");
      REQUIRE(turned.height == (orientation <= 4 ? H : W));
      REQUIRE(turned.width == (orientation <= 4 ? W : H));
      bool right = true;
      for (int row = 0; row < H; ++row)
        for (int column = 0; column < W; ++column) {
          int y = 0, x = 0;
          switch (orientation) {
            case 1:
              y = row, x = column;
              break;  // top, left
            case 2:
              y = row, x = W - 1 - column;
              break;  // top, right
            case 3:
              y = H - 1 - row, x = W - 1 - column;
              break;  // bottom, right
            case 4:
              y = H - 1 - row, x = column;
              break;  // bottom, left
            case 5:
              y = column, x = row;
              break;  // left, top
            case 6:
              y = column, x = H - 1 - row;
              break;  // right, top
            case 7:
              y = W - 1 - column, x = H - 1 - row;
              break;  // right, bottom
            case 8:
              y = W - 1 - column, x = row;
              break;  // left, bottom
          }
          for (int c = 0; c < 3; ++c) right &= turned.pixel(y, x)[c] == plain.pixel(row, column)[c];
        }
      CHECK(right);
    }
}

TEST_CASE("damaged EXIF means orientation 1, and nothing outside the block is read") {
  const Bytes jpeg = make_jpeg(noise(8, 12, 3));
  const Image plain = decode_image(jpeg, "x");
  for (const bool big : {false, true}) {
    const Bytes block = exif_block(6, big);
    CHECK(detail::exif_orientation(block) == 6);
    for (std::size_t size = 0; size < block.size(); ++size) {
      const Bytes cut(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size));
      const int orientation = detail::exif_orientation(cut);
      CHECK(orientation == (size >= 6 + 8 + 2 + 24 ? 6 : 1));
    }
    for (std::size_t at = 0; at < block.size(); ++at)
      for (int value = 0; value < 256; ++value) {
        Bytes changed = block;
        changed[at] = static_cast<std::byte>(value);
        const int orientation = detail::exif_orientation(changed);
        REQUIRE(orientation >= 1);
        REQUIRE(orientation <= 8);
      }
    CHECK(detail::exif_orientation(exif_block(0, big)) == 1);
    CHECK(detail::exif_orientation(exif_block(9, big)) == 1);
    Bytes far = block;  // the directory beyond the block
    for (std::size_t i = 0; i < 4; ++i) far[6 + 4 + i] = std::byte{0xFF};
    CHECK(detail::exif_orientation(far) == 1);
    CHECK(same(decode_image(with_exif(jpeg, far), "x"), plain));
  }
}

TEST_CASE("to_tensor: channels and values") {
  const Image grey = noise(3, 5, 1), alpha = noise(3, 5, 4), deep = noise(3, 5, 3, 16);
  const Tensor<float> three = to_tensor(grey, 3);
  CHECK(three.shape() == Shape{3, 5, 3});
  for (int p = 0; p < 15; ++p)
    for (int c = 0; c < 3; ++c)
      CHECK(three.data()[3 * p + c] ==
            static_cast<float>(grey.samples[static_cast<std::size_t>(p)]) / 255.0f);
  const Tensor<float> colours = to_tensor(alpha, 3);
  for (std::size_t p = 0; p < 15; ++p)
    for (std::size_t c = 0; c < 3; ++c)
      CHECK(colours.data()[3 * p + c] == static_cast<float>(alpha.samples[4 * p + c]) / 255.0f);
  const Tensor<float> luma = to_tensor(deep, 1);
  CHECK(luma.shape() == Shape{3, 5, 1});
  for (std::size_t p = 0; p < 15; ++p)
    CHECK(luma.data()[p] ==
          doctest::Approx((0.299 * deep.samples[3 * p] + 0.587 * deep.samples[3 * p + 1] +
                           0.114 * deep.samples[3 * p + 2]) /
                          65535)
              .epsilon(1e-6));
  CHECK_THROWS_WITH_AS(to_tensor(grey, 2), "to_tensor: expected 1 or 3 channels, got 2",
                       ArgumentError);
}

TEST_CASE("to_image: every sample comes back, values are clamped and rounded") {
  for (const int depth : {8, 16}) {
    Image every(256, depth == 8 ? 1 : 256, 1, depth);
    for (std::size_t i = 0; i < every.samples.size(); ++i)
      every.samples[i] = static_cast<std::uint16_t>(i);
    const Tensor<float> tensor = to_tensor(every, 1);
    CHECK(same(to_image(tensor, depth), every));
  }
  const float values[] = {-1.0f,     2.0f,           std::nanf(""),  INFINITY,
                          -INFINITY, 0.49f / 255.0f, 0.51f / 255.0f, 254.4f / 255.0f};
  const Image image = to_image(make_view(values, 1, {2, 4, 1}));
  const int expected[] = {0, 255, 0, 255, 0, 0, 1, 254};
  for (std::size_t i = 0; i < 8; ++i) CHECK(image.samples[i] == expected[i]);
  const Tensor<float> padded(1, {2, 2, 4});  // a slice has a pixel stride
  CHECK(to_image(padded.view().slice(1, 3)).shape() == Shape{2, 2, 3});
  CHECK_THROWS_WITH_AS(to_image(Tensor<float>(2, {2, 2, 3})),
                       "to_image: expected one image of 1 to 4 channels, got 2 of 2x2x3",
                       ShapeError);
}

TEST_CASE("to_bytes rounds 16 bits to the nearest") {
  Image deep(1, 4, 1, 16);
  const std::uint16_t samples[] = {128, 129, 65535, 32896};
  std::copy_n(samples, 4, deep.samples.data());
  std::uint8_t bytes[12];
  to_bytes(deep, 3, bytes);
  for (int c = 0; c < 3; ++c) {
    CHECK(int{bytes[c]} == 0);  // 128 / 257 = 0.498
    CHECK(int{bytes[3 + c]} == 1);
    CHECK(int{bytes[6 + c]} == 255);
    CHECK(int{bytes[9 + c]} == 128);
  }
}

TEST_CASE("truncated files are refused in one sentence, at every length") {
  const Image image = noise(7, 9, 3);
  const std::pair<const char*, Bytes> files[] = {
      {"JPEG", make_jpeg(image)}, {"PNG", encode_png(image)}, {"BMP", encode_bmp(image)}};
  for (const auto& entry : files) {
    const Bytes& file = entry.second;
    CAPTURE(entry.first);
    REQUIRE(error_of(file) == "no error");
    for (std::size_t size = 0; size < file.size(); ++size) {
      CAPTURE(size);
      const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string error = error_of(cut);
      REQUIRE(error != "no error");
      CHECK(error.starts_with("x: "));
      CHECK(error.find('\n') == std::string::npos);
    }
  }
  Bytes half(files[0].second.begin(), files[0].second.begin() + 400);
  CHECK(error_of(half) ==
        "x: the JPEG ends early: expected a segment of 418 bytes at byte 175, got "
        "the end of the file at byte 400");
  half.assign(files[1].second.begin(), files[1].second.begin() + 60);
  CHECK(error_of(half) ==
        "x: the PNG ends early: expected a whole chunk at byte 33, got the end of "
        "the file at byte 60");
  half.assign(files[2].second.begin(), files[2].second.begin() + 60);
  CHECK(error_of(half) ==
        "x: the BMP ends early: expected 7 rows of 28 bytes from byte 54, got the "
        "end of the file at byte 60");
}

TEST_CASE("changed bytes give an image or one sentence; PNG notices each") {
  const Image image = noise(6, 5, 3);
  const Bytes files[] = {make_jpeg(image), encode_png(image), encode_bmp(image)};
  for (const Bytes& file : files)
    for (std::size_t at = 0; at < file.size(); ++at)
      for (const int change : {0x01, 0x10, 0x80, 0xFF}) {
        Bytes changed = file;
        changed[at] ^= static_cast<std::byte>(change);
        const std::string error = error_of(changed, {.max_pixels = 1 << 20});
        CHECK(error.find('\n') == std::string::npos);
        if (&file == &files[1]) CHECK(error != "no error");
      }
  Bytes changed = files[1];
  changed[50] ^= std::byte{1};
  CHECK(error_of(changed) == "x: damaged PNG: the checksum of the chunk at byte 33 is wrong");
}

TEST_CASE("sizes are checked before memory is taken") {
  const Bytes png = encode_png(noise(4, 4, 3));
  CHECK(error_of(with_ihdr(png, 16, 0, 4)) ==
        "x: expected an image of at least 1x1 pixels, got 0x4");
  CHECK(error_of(with_ihdr(png, 16, 16385, 4)) ==
        "x: expected sides of at most 16384 pixels, got 16385x4");
  CHECK(error_of(with_ihdr(png, 20, 0xFFFFFFFF, 4)) ==
        "x: expected sides of at most 16384 pixels, got 4x4294967295");
  CHECK(error_of(with_ihdr(with_ihdr(png, 16, 16384, 4), 20, 16384, 4)) ==
        "x: expected at most 134217728 pixels, got 16384x16384");
  CHECK(error_of(png, {.max_pixels = 15}) == "x: expected at most 15 pixels, got 4x4");
  CHECK(error_of(png, {.max_pixels = 16}) == "no error");
  CHECK(error_of(with_ihdr(png, 20, 5, 4)).starts_with("x: cannot decode the PNG: "));
  CHECK(error_of(with_ihdr(png, 25, 7, 1)) == "x: cannot decode the PNG: bad ctype");
  Bytes bmp = encode_bmp(noise(4, 4, 3));
  for (std::size_t i = 18; i < 26; ++i) bmp[i] = std::byte{0xFF};
  CHECK(error_of(bmp) == "x: damaged BMP: a negative width");
  bmp[21] = std::byte{0x7F};
  CHECK(error_of(bmp).starts_with("x: the BMP ends early: expected 1 rows of "));
  // A promise of 100 megapixels in a small file: the decoder fails before or after it takes zeroed
  // memory that is never touched; what counts is that it ends quickly.
  CHECK(error_of(with_ihdr(with_ihdr(png, 16, 10'000, 4), 20, 10'000, 4)) ==
        "x: cannot decode the PNG: not enough pixels");
}

TEST_CASE("a PNG that unpacks to far more than it promises does not get the memory") {
  const Bytes zeros(std::size_t{200} << 20);
  Bytes png = encode_png(noise(4, 4, 3));
  Bytes bomb(png.begin(), png.begin() + 33);
  detail::append_chunk(bomb, "IDAT", detail::zlib_compress(zeros));
  detail::append_chunk(bomb, "IEND", {});
  REQUIRE(bomb.size() < 1 << 20);
  CHECK(error_of(bomb) == "x: cannot decode the PNG: outofmem");
}

TEST_CASE("an unknown chunk is skipped where PNG allows it, and never quoted") {
  const Image image = noise(4, 4, 3);
  const Bytes png = encode_png(image);
  for (const auto& [type, expected] :
       {std::pair<std::string, std::string>{"teSt", "no error"},
        {"TEST", "x: damaged PNG: an unknown critical chunk at byte 33"},
        {"\n\"\a\x01", "x: damaged PNG: an unknown critical chunk at byte 33"}}) {
    Bytes file(png.begin(), png.begin() + 33);
    detail::append_chunk(file, type, {});
    file.insert(file.end(), png.begin() + 33, png.end());
    CHECK(error_of(file) == expected);
  }
}

TEST_CASE("JPEGs of kinds that we do not read, and faults that stb_image 2.27 does not check") {
  const Bytes jpeg = make_jpeg(noise(8, 8, 3));
  const auto find = [&](int marker) {
    for (std::size_t i = 2;; ++i)
      if (jpeg[i] == std::byte{0xFF} && jpeg[i + 1] == static_cast<std::byte>(marker)) return i;
  };
  const auto changed = [&](std::size_t at, int value) {
    Bytes file = jpeg;
    file[at] = static_cast<std::byte>(value);
    return file;
  };
  const std::size_t frame = find(0xC0), tables = find(0xC4);
  CHECK(error_of(changed(frame + 9, 4)) ==
        "x: expected a grey or colour JPEG, got 4 components (CMYK); save it as RGB");
  CHECK(error_of(changed(frame + 9, 2)) == "x: expected a JPEG of 1 or 3 components, got 2");
  CHECK(error_of(changed(frame + 4, 12)) == "x: expected a JPEG of 8 bits a sample, got 12");
  CHECK(error_of(changed(frame + 1, 0xC9)) ==
        "x: expected a baseline or progressive JPEG, got coding process 9 (lossless, hierarchical "
        "or arithmetic)");
  CHECK(error_of(changed(frame + 1, 0xFE)) == "x: damaged JPEG: no frame or no scan in it");
  CHECK(error_of(changed(tables + 20, 255)).starts_with("x: damaged JPEG: a Huffman table of "));
  Bytes twice(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(frame + 19));
  twice.insert(twice.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(frame), jpeg.end());
  CHECK(error_of(twice) == "x: damaged JPEG: two frame headers");
}

TEST_CASE("the bytes tell the format, not the name") {
  const tessera::testing::TemporaryFolder folder;
  const Image image = noise(5, 6, 3);
  write_file_atomically(folder / "picture.jpg", {encode_png(image)});
  CHECK(same(read_image(folder / "picture.jpg"), image));
  write_file_atomically(folder / "text.png", "not an image at all");
  write_file_atomically(folder / "empty.png", "");
  write_file_atomically(folder / "large.png", std::string(2000, 'x'));
  const auto message = [&](const std::string& name, const ImageLimits& limits = {}) -> std::string {
    try {
      read_image(folder / name, limits);
    } catch (const FileError& error) {
      return std::string(error.what()).substr((folder.path().string() + "/").size());
    }
    return "no error";
  };
  CHECK(message("text.png") == "text.png: expected a JPEG, PNG or BMP image, got neither");
  CHECK(message("empty.png") == "empty.png: expected a JPEG, PNG or BMP image, got an empty file");
  CHECK(message("missing.png") == "missing.png: cannot open: No such file or directory");
  CHECK(message(".") == ".: cannot read: Is a directory");
  CHECK(message("large.png", {.max_file_size = 1000}) ==
        "large.png: file too large: expected at most 1000 bytes, got 2000");
}
