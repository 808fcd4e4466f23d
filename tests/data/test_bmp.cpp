// SPDX-License-Identifier: BSD-3-Clause
// BMP: every header, depth and palette, pixels that name colours beyond it, gaps, bit masks.
#include <doctest/doctest.h>

#include "hand_made_images.hpp"

#include <tessera/data/detail/bmp.hpp>

using namespace tessera;
using namespace tessera::testing;

namespace {

struct Bmp {
  std::uint32_t header = 40, bits = 8, compression = 0;
  int width = 5, height = 3;
  bool from_top = false;
  std::uint32_t colours_used = 0, gap = 0;
  Bytes behind_header{};               // masks of a header of 40 bytes, palette
  std::vector<std::uint32_t> masks{};  // in a longer header
  Bytes rows{};                        // padded to 4 bytes each
  std::uint32_t resolution = 0;

  Bytes file() const {
    Bytes out;
    const auto put = [&](std::uint32_t value, int count) {
      detail::append_little(out, value, count);
    };
    const auto signed_height = static_cast<std::uint32_t>(from_top ? -height : height);
    put(0x4D42, 2);
    put(0, 4);  // sizes and the rest are not looked at
    put(0, 4);
    put(static_cast<std::uint32_t>(14 + header + behind_header.size() + gap), 4);
    put(header, 4);
    if (header == 12) {
      put(static_cast<std::uint32_t>(width), 2);
      put(static_cast<std::uint32_t>(height), 2);
      put(1, 2);
      put(bits, 2);
    } else {
      put(static_cast<std::uint32_t>(width), 4);
      put(signed_height, 4);
      put(1, 2);
      put(bits, 2);
      for (const std::uint32_t field :
           {compression, 0u, resolution, 2 * resolution, colours_used, 0u})
        put(field, 4);
      for (const std::uint32_t mask : masks) put(mask, 4);
      out.resize(14 + header);
    }
    out.insert(out.end(), behind_header.begin(), behind_header.end());
    for (std::uint32_t i = 0; i < gap; ++i) put(0xA7, 1);
    out.insert(out.end(), rows.begin(), rows.end());
    return out;
  }
};

/// Random bytes; at most `largest` each.
Bytes random_bytes(std::size_t count, std::uint64_t stream, int largest = 255) {
  RandomStream random(Seed{4}, stream);
  Bytes out(count);
  for (std::byte& b : out) b = static_cast<std::byte>(random.integer(0, largest + 1));
  return out;
}

int at(const Bytes& bytes, std::size_t i) { return std::to_integer<int>(bytes[i]); }

}  // namespace

TEST_CASE("palettes of every length: colours beyond them are black, each time") {
  for (const std::uint32_t header : {12u, 16u, 40u, 52u, 56u, 64u, 108u, 124u})
    for (const std::uint32_t bits : {1u, 2u, 4u, 8u})
      for (const std::uint32_t colours : {1u, 2u, 3u, 7u, 15u, 16u, 100u, 255u, 256u})
        for (const std::uint32_t gap : {0u, 2u, 9u}) {
          if (colours > 1u << bits) continue;
          // A short header has no field for their number: what lies before the pixels is palette.
          const bool no_field = header < 40;
          if (no_field && gap != 0) continue;
          Bmp bmp{.header = header, .bits = bits, .width = 21, .height = 4};
          bmp.from_top = header != 12 && gap == 2;
          bmp.gap = gap;
          bmp.colours_used = no_field ? 0 : colours;
          const std::size_t entry = header == 12 ? 3 : 4;
          const std::size_t row = (21 * bits + 31) / 32 * 4;
          bmp.behind_header = random_bytes(entry * colours, colours);
          bmp.rows = random_bytes(row * 4, bits);
          if (header == 16) bmp.colours_used = 0;
          const Image image = decode_image(bmp.file(), "x");
          REQUIRE(image.shape() == Shape{4, 21, 3});
          bool right = true;
          for (int y = 0; y < 4; ++y)
            for (int x = 0; x < 21; ++x) {
              const auto line = static_cast<std::size_t>(bmp.from_top ? y : 3 - y);
              const auto bit = static_cast<std::size_t>(x) * bits;
              const int byte = at(bmp.rows, line * row + bit / 8);
              const int index = byte >> (8 - static_cast<int>(bits) - static_cast<int>(bit % 8)) &
                                ((1 << bits) - 1);
              for (std::size_t c = 0; c < 3; ++c)
                right &=
                    image.pixel(y, x)[c] ==
                    (index < static_cast<int>(colours)
                         ? at(bmp.behind_header, static_cast<std::size_t>(index) * entry + 2 - c)
                         : 0);
            }
          CAPTURE(header);
          CAPTURE(bits);
          CAPTURE(colours);
          CAPTURE(gap);
          CHECK(right);
        }
}

TEST_CASE("a palette that says more colours than lie before the pixels") {
  Bmp bmp{.bits = 8, .width = 4, .height = 1, .colours_used = 200};
  bmp.behind_header = {std::byte{3}, std::byte{2}, std::byte{1}, std::byte{0}};
  bmp.rows = {std::byte{0}, std::byte{1}, std::byte{199}, std::byte{255}};
  const Image image = decode_image(bmp.file(), "x");
  const std::vector<int> expected{1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  CHECK(std::equal(expected.begin(), expected.end(), image.samples.begin(), image.samples.end()));
}

TEST_CASE("24 bits with a palette or a gap before the pixels, under every header") {
  for (const std::uint32_t header : {12u, 16u, 40u, 52u, 56u, 64u, 108u, 124u})
    for (const std::uint32_t colours : {0u, 1u, 16u, 256u})
      for (const std::uint32_t gap : {0u, 1u, 2u, 100u}) {
        Bmp bmp{.header = header, .bits = 24, .width = 7, .height = 5};
        bmp.colours_used = colours;
        bmp.gap = gap;
        bmp.behind_header = random_bytes(std::size_t{4} * colours, 1);
        bmp.rows = random_bytes(24 * 5, 2);
        const Image image = decode_image(bmp.file(), "x");
        REQUIRE(image.shape() == Shape{5, 7, 3});
        bool right = true;
        for (int y = 0; y < 5; ++y)
          for (int x = 0; x < 7; ++x)
            for (int c = 0; c < 3; ++c)
              right &= image.pixel(y, x)[c] ==
                       at(bmp.rows, static_cast<std::size_t>((4 - y) * 24 + 3 * x + 2 - c));
        CHECK(right);
      }
}

TEST_CASE("bit masks: in the header or behind it, of 1 to 10 bits, at any place") {
  const auto sample = [](std::uint32_t value, std::uint32_t mask) {  // as text
    std::string digits;
    for (int i = 31; i >= 0; --i)
      if (mask >> i & 1) digits += value >> i & 1 ? '1' : '0';
    if (digits.empty()) return 0;
    while (digits.size() < 8) digits += digits;
    return std::stoi(digits.substr(0, 8), nullptr, 2);
  };
  struct Case {
    std::uint32_t bits;
    std::array<std::uint32_t, 4> masks;
  };
  const Case cases[] = {{16, {0xF800, 0x07E0, 0x001F, 0}},
                        {16, {0x7C00, 0x03E0, 0x001F, 0x8000}},
                        {16, {0x0F00, 0x00F0, 0x000F, 0xF000}},
                        {16, {0xE0, 0x1C, 0x3, 0}},
                        {32, {0xFF0000, 0xFF00, 0xFF, 0}},
                        {32, {0xFF, 0xFF00, 0xFF0000, 0xFF000000}},
                        {32, {0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000}},
                        {32, {0xFF000000, 0xFF0000, 0xFF00, 0xFF}},
                        {32, {0x7F, 0x3F00, 0x10000, 0}}};
  for (const Case& c : cases)
    for (const std::uint32_t header : {40u, 52u, 56u, 108u, 124u}) {
      Bmp bmp{.header = header, .bits = c.bits, .compression = 3, .width = 9, .height = 4};
      bmp.gap = header == 56 ? 3 : 0;
      bmp.resolution = 1000;
      const bool alpha = header >= 56 && c.masks[3] != 0;
      for (std::size_t i = 0; i < 3 + (header >= 56); ++i)
        if (header == 40) detail::append_little(bmp.behind_header, c.masks[i], 4);
        else bmp.masks.push_back(c.masks[i]);
      const std::size_t row = (9 * c.bits + 31) / 32 * 4;
      bmp.rows = random_bytes(row * 4, 3);
      const Image image = decode_image(bmp.file(), "x");
      CHECK(image.metadata.resolution_x == 1000);
      CHECK(image.metadata.resolution_y == 2000);
      REQUIRE(image.shape() == Shape{4, 9, alpha ? 4 : 3});
      bool right = true;
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 9; ++x) {
          std::uint32_t value = 0;
          for (std::uint32_t i = 0; i < c.bits / 8; ++i)
            value |= static_cast<std::uint32_t>(
                         at(bmp.rows, static_cast<std::size_t>(3 - y) * row +
                                          static_cast<std::size_t>(x) * (c.bits / 8) + i))
                     << 8 * i;
          for (int k = 0; k < image.channels; ++k)
            right &= image.pixel(y, x)[k] == sample(value, c.masks[static_cast<std::size_t>(k)]);
        }
      CAPTURE(header);
      CAPTURE(c.masks[0]);
      CHECK(right);
    }
}

TEST_CASE("without masks 16 bits are 5 5 5, and 32 have alpha, unless it is 0 everywhere") {
  Bmp bmp{.bits = 16, .width = 2, .height = 1};
  detail::append_little(bmp.rows, 0x7FFF, 2);
  detail::append_little(bmp.rows, 0x8010, 2);
  const Image image = decode_image(bmp.file(), "x");
  REQUIRE(image.channels == 3);
  const std::vector<int> expected{255, 255, 255, 0, 0, 0x84};
  CHECK(std::equal(expected.begin(), expected.end(), image.samples.begin(), image.samples.end()));
  for (const std::uint32_t alpha : {0u, 9u}) {
    Bmp rgba{.bits = 32, .width = 2, .height = 1};
    detail::append_little(rgba.rows, 0x030201 | alpha << 24, 4);
    detail::append_little(rgba.rows, 0x060504, 4);
    const Image four = decode_image(rgba.file(), "x");
    REQUIRE(four.channels == 4);
    CHECK(four.pixel(0, 0)[0] == 3);
    CHECK(four.pixel(0, 1)[2] == 4);
    CHECK(four.pixel(0, 0)[3] == (alpha == 0 ? 255 : 9));
    CHECK(four.pixel(0, 1)[3] == (alpha == 0 ? 255 : 0));
  }
}

TEST_CASE("what we do not read of BMP is one sentence") {
  Bmp bmp{.bits = 8, .width = 4, .height = 1};
  bmp.rows = Bytes(4);
  bmp.behind_header = Bytes(1024);
  const auto error = [](const Bmp& b) { return error_of(b.file()); };
  REQUIRE(error(bmp) == "no error");
  for (const std::uint32_t compression : {1u, 2u, 4u, 5u, 77u}) {
    bmp.compression = compression;
    CHECK(error(bmp) ==
          "x: expected a BMP without compression, got compression " + std::to_string(compression));
  }
  bmp.compression = 3;
  CHECK(error(bmp) ==
        "x: expected a BMP of 1, 2, 4, 8, 16, 24 or 32 bits a pixel, got 8 with bit masks");
  bmp.compression = 0;
  for (const std::uint32_t bits : {0u, 3u, 5u, 64u, 65535u}) {
    bmp.bits = bits;
    CHECK(error(bmp) == "x: expected a BMP of 1, 2, 4, 8, 16, 24 or 32 bits a pixel, got " +
                            std::to_string(bits));
  }
  Bmp masks{.bits = 32, .compression = 3, .width = 1, .height = 1};
  masks.rows = Bytes(4);
  masks.behind_header = Bytes(12);
  CHECK(error(masks) == "x: damaged BMP: a colour has no bits");
  bmp.bits = 8;
  Bytes file = bmp.file();
  file[10] = std::byte{20};
  file[11] = std::byte{0};
  CHECK(error_of(file) == "x: damaged BMP: its pixels begin at byte 20, inside its header");
  bmp.header = 13;
  CHECK(error(bmp) == "x: damaged BMP: a header of 13 bytes");
}
