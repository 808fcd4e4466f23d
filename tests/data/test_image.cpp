// SPDX-License-Identifier: BSD-3-Clause
// Reading images: conversion to floats and back, and files that are damaged, too large or something
// else.
#include <doctest/doctest.h>

#include "../temporary_folder.hpp"
#include "hand_made_images.hpp"
#include "make_jpeg.hpp"

#include <fstream>
#include <tessera/data/image.hpp>
#include <tessera/data/image_writer.hpp>

using namespace tessera;
using namespace tessera::testing;

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
  CHECK(error_of(with_ihdr(png, 20, 0xFFFFFFFF, 4)) ==
        "x: expected at most 268435456 pixels, got 4x4294967295");
  CHECK(error_of(with_ihdr(with_ihdr(png, 16, 0xFFFFFFFF, 4), 20, 0xFFFFFFFF, 4),
                 {.max_pixels = ~std::uint64_t{0}}) ==
        "x: expected at most 1073741824 pixels, got 4294967295x4294967295");
  CHECK(error_of(with_ihdr(with_ihdr(png, 16, 16384, 4), 20, 16385, 4)) ==
        "x: expected at most 268435456 pixels, got 16384x16385");
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

TEST_CASE("no side is too long: only pixels are counted") {
  for (const auto& [height, width] :
       {std::pair{1, 16385}, {16385, 1}, {17, 17'000}, {70'000, 3}, {1, 300'000}}) {
    const Image image = noise(height, width, 3);
    CHECK(same(decode_image(encode_png(image), "x"), image));
    CHECK(same(decode_image(encode_bmp(image), "x"), image));
  }
  const Image panorama(9, 20'000, 1);
  CHECK(decode_image(make_jpeg(panorama), "x").shape() == Shape{9, 20'000, 3});
  const Image long_side(33'000, 2, 4, 16);
  CHECK(same(decode_image(encode_png(long_side), "x"), long_side));
  CHECK(error_of(with_ihdr(encode_png(noise(1, 1, 1)), 20, 1 << 28, 4)) ==
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
  CHECK(message("text.png") == "text.png: expected a JPEG, PNG or BMP image, got something else");
  CHECK(message("empty.png") == "empty.png: expected a JPEG, PNG or BMP image, got an empty file");
  CHECK(message("missing.png") == "missing.png: cannot open: No such file or directory");
  CHECK(message(".") == ".: cannot read: Is a directory");
  CHECK(message("large.png", {.max_file_size = 1000}) ==
        "large.png: file too large: expected at most 1000 bytes, got 2000");
}

TEST_CASE("images of other kinds are named") {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> kinds[] = {
      {"RIFF\x10\0\0\0WEBPVP8 "s, "a WebP image"},
      {"II*\0\x08\0\0\0"s, "a TIFF image"},
      {"MM\0*\0\0\0\x08"s, "a TIFF image"},
      {"II+\0\x08\0\0\0"s, "a TIFF image"},
      {"GIF89a\x01\0"s, "a GIF image"},
      {"GIF87a\x01\0"s, "a GIF image"},
      {"\0\0\0\x18"
       "ftypheic\0\0\0\0"s,
       "a HEIC image"},
      {"\0\0\0\x18"
       "ftypmif1\0\0\0\0"s,
       "a HEIC image"},
      {"\0\0\0\x1C"
       "ftypavif\0\0\0\0"s,
       "an AVIF image"},
      {"\0\0\0\x18"
       "ftypmp42\0\0\0\0"s,
       "something else"},
      {"8BPS\0\x01"s, "a Photoshop document"},
      {"\0\0\0\x0CJXL \r\n"s, "a JPEG XL image"},
      {"\xFF\x0A\0"s, "a JPEG XL image"},
      {"\0\0\0\x0CjP  \r\n"s, "a JPEG 2000 image"},
      {"%PDF-1.7"s, "a PDF document"},
      {"RIFF\x10\0\0\0WAVEfmt "s, "something else"},
      {"<svg"s, "something else"},
      {"G"s, "something else"},
      {""s, "an empty file"}};
  for (const auto& [start, kind] : kinds) {
    const auto bytes = bytes_of(start);
    CHECK(error_of(Bytes(bytes.begin(), bytes.end())) ==
          "x: expected a JPEG, PNG or BMP image, got " + kind);
  }
}
