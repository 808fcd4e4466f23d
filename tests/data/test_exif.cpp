// SPDX-License-Identifier: BSD-3-Clause
// EXIF: orientations of every type of number, in JPEG and PNG, and blocks that are damaged.
#include <doctest/doctest.h>

#include "hand_made_images.hpp"
#include "make_jpeg.hpp"

using namespace tessera;
using namespace tessera::testing;

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
    CHECK(detail::read_exif(block).orientation == 6);
    for (std::size_t size = 0; size < block.size(); ++size) {
      const Bytes cut(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size));
      const int orientation = detail::read_exif(cut).orientation;
      CHECK(orientation == (size >= 6 + 8 + 2 + 24 ? 6 : 1));
    }
    for (std::size_t at = 0; at < block.size(); ++at)
      for (int value = 0; value < 256; ++value) {
        Bytes changed = block;
        changed[at] = static_cast<std::byte>(value);
        const int orientation = detail::read_exif(changed).orientation;
        REQUIRE(orientation >= 1);
        REQUIRE(orientation <= 8);
      }
    CHECK(detail::read_exif(exif_block(0, big)).orientation == 1);
    CHECK(detail::read_exif(exif_block(9, big)).orientation == 1);
    Bytes far = block;  // the directory beyond the block
    for (std::size_t i = 0; i < 4; ++i) far[6 + 4 + i] = std::byte{0xFF};
    CHECK(detail::read_exif(far).orientation == 1);
    CHECK(same(decode_image(with_exif(jpeg, far), "x"), plain));
  }
}

TEST_CASE("an orientation is a number of any whole or rational type, one or the first of several") {
  for (const bool big : {false, true})
    for (std::uint32_t value = 0; value <= 9; ++value) {
      const auto of = [&](std::uint32_t type, std::uint32_t count, const Bytes& bytes) {
        return detail::read_exif(tiff_file({{0x0100, 4, 1, tiff_number(7, 4, big)},
                                            {0x0112, type, count, bytes},
                                            {0x0131, 3, 1, tiff_number(5, 2, big)}},
                                           big))
            .orientation;
      };
      const auto several = [&](int size, int count) {
        Bytes out;
        for (int i = 0; i < count; ++i) put_number(out, i == 0 ? value : 3, size, big);
        return out;
      };
      const int right = value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
      CAPTURE(value);
      for (const auto& [type, size] :
           {std::pair{1u, 1}, {6u, 1}, {3u, 2}, {8u, 2}, {4u, 4}, {9u, 4}})
        for (const int count : {1, 2, 3, 5}) {
          CAPTURE(type);
          CHECK(of(type, static_cast<std::uint32_t>(count), several(size, count)) == right);
        }
      Bytes fraction = tiff_number(value * 3, 4, big), half = tiff_number(2 * value + 1, 4, big);
      put_number(fraction, 3, 4, big);
      put_number(half, 2, 4, big);
      CHECK(of(5, 1, fraction) == right);
      CHECK(of(5, 1, half) == 1);
      CHECK(of(2, 2, tiff_number(value, 2, big)) == 1);  // a text
      CHECK(of(7, 2, tiff_number(value, 2, big)) == 1);  // of no type
      CHECK(of(4, 0, tiff_number(value, 4, big)) == 1);
      CHECK(of(4, 0xFFFFFFFF, tiff_number(value, 4, big)) ==
            1);  // lies elsewhere, but is not there
    }
}

TEST_CASE("the orientation in a PNG's eXIf is applied, wherever the chunk lies, and kept in mind") {
  const Image image = noise(5, 9, 4);
  const Bytes png = encode_png(image);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const auto value = static_cast<std::uint32_t>(orientation);
    const Bytes tiff = tiff_file({{0x0112, 4, 1, tiff_number(value, 4, true)}}, true);
    Bytes last(png.begin(), png.end() - 12);
    detail::append_chunk(last, "eXIf", tiff);
    detail::append_chunk(last, "IEND", {});
    Image expected = noise(5, 9, 4);
    expected.metadata.orientation = orientation;
    expected = detail::upright(std::move(expected));
    CHECK(expected.height == (orientation >= 5 ? 9 : 5));
    for (const Bytes& file : {with_chunk(png, "eXIf", tiff), last}) {
      const Image turned = decode_image(file, "x");
      CHECK(same(turned, expected));
      CHECK(turned.metadata.orientation == orientation);
      // Once turned it is upright: written, it has no orientation any more.
      const Image again = decode_image(encode_png(turned), "x");
      CHECK(same(again, expected));
      CHECK(again.metadata.orientation == 1);
    }
  }
}
