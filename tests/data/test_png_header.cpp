// SPDX-License-Identifier: BSD-3-Clause
// PNG: palettes shorter than what pixels name, chunks that are unknown, what chunks say of colours.
#include <doctest/doctest.h>

#include "hand_made_images.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

/// A PNG with a palette: pixels are the numbers of colours.
Bytes palette_png(int height, int width, int depth, const Bytes& palette, const Bytes* transparency,
                  const Bytes& numbers, bool interlaced) {
  Bytes png = encode_png(Image(1, 1, 1)), rows;
  png.resize(33);
  png = with_ihdr(with_ihdr(png, 16, static_cast<std::uint32_t>(width), 4), 20,
                  static_cast<std::uint32_t>(height), 4);
  png = with_ihdr(with_ihdr(png, 24, static_cast<std::uint32_t>(depth), 1), 25, 3, 1);
  png = with_ihdr(png, 28, interlaced, 1);
  const auto add = [&](int y0, int x0, int dy, int dx) {
    if (x0 >= width) return;
    for (int y = y0; y < height; y += dy) {
      rows.push_back(std::byte{0});
      int bits = 0;
      for (int x = x0; x < width; x += dx, bits += depth) {
        if (bits % 8 == 0) rows.push_back(std::byte{0});
        rows.back() |= numbers[static_cast<std::size_t>(y * width + x)] << (8 - depth - bits % 8);
      }
    }
  };
  if (!interlaced) add(0, 0, 1, 1);
  else
    for (const auto& [y, x, dy, dx] : {std::array{0, 0, 8, 8},
                                       {0, 4, 8, 8},
                                       {4, 0, 8, 4},
                                       {0, 2, 4, 4},
                                       {2, 0, 4, 2},
                                       {0, 1, 2, 2},
                                       {1, 0, 2, 1}})
      add(y, x, dy, dx);
  detail::append_chunk(png, "PLTE", palette);
  if (transparency) detail::append_chunk(png, "tRNS", *transparency);
  detail::append_chunk(png, "IDAT", detail::zlib_compress(rows));
  detail::append_chunk(png, "IEND", {});
  return png;
}

Bytes random_bytes(std::size_t count, std::uint64_t stream, int largest = 255) {
  RandomStream random(Seed{6}, stream);
  Bytes out(count);
  for (std::byte& b : out) b = static_cast<std::byte>(random.integer(0, largest + 1));
  return out;
}

}  // namespace

TEST_CASE("a pixel that names a colour beyond the palette is black and opaque, each time") {
  const int height = 9, width = 13;
  for (const int depth : {1, 2, 4, 8})
    for (const std::size_t colours : {1u, 2u, 3u, 5u, 16u, 90u, 255u, 256u})
      for (const int transparent : {-1, 0, 1, 2, 200})
        for (const bool interlaced : {false, true}) {
          if (colours > std::size_t{1} << depth || transparent > static_cast<int>(colours))
            continue;
          const Bytes palette = random_bytes(3 * colours, colours);
          const Bytes alpha = random_bytes(static_cast<std::size_t>(std::max(transparent, 0)), 1);
          const Bytes numbers =
              random_bytes(static_cast<std::size_t>(height * width), 2, (1 << depth) - 1);
          const Image image =
              decode_image(palette_png(height, width, depth, palette,
                                       transparent >= 0 ? &alpha : nullptr, numbers, interlaced),
                           "x");
          REQUIRE(image.shape() == Shape{height, width, transparent >= 0 ? 4 : 3});
          bool right = true;
          for (std::size_t p = 0; p < numbers.size(); ++p) {
            const auto number = std::to_integer<std::size_t>(numbers[p]);
            const std::uint16_t* pixel =
                image.samples.data() + p * static_cast<std::size_t>(image.channels);
            for (std::size_t c = 0; c < 3; ++c)
              right &= pixel[c] ==
                       (number < colours ? std::to_integer<int>(palette[3 * number + c]) : 0);
            if (transparent >= 0)
              right &=
                  pixel[3] == (number < alpha.size() ? std::to_integer<int>(alpha[number]) : 255);
          }
          CAPTURE(depth);
          CAPTURE(colours);
          CAPTURE(transparent);
          CHECK(right);
        }
}

TEST_CASE("more transparency than colours is refused") {
  const Bytes palette = random_bytes(6, 1), alpha = random_bytes(3, 2), numbers(4);
  CHECK(error_of(palette_png(2, 2, 2, palette, &alpha, numbers, false)) ==
        "x: damaged PNG: expected the transparency of at most 2 colours of the palette, got 3");
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

TEST_CASE("chunks about colour and resolution are read, the first of each, of the right size") {
  const Bytes png = encode_png(noise(4, 5, 3));
  const auto number = [](std::initializer_list<std::uint32_t> values) {
    Bytes out;
    for (const std::uint32_t value : values) detail::append_big(out, value, 4);
    return out;
  };
  Bytes physical = number({11811, 5906}), ratio = number({2, 1});
  physical.push_back(std::byte{1});
  ratio.push_back(std::byte{0});
  const Bytes chromaticities = number({31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000});
  Bytes file = with_chunk(png, "gAMA", number({45455}));
  file = with_chunk(with_chunk(file, "cHRM", chromaticities), "pHYs", physical);
  file = with_chunk(file, "sRGB", {std::byte{2}});
  file = with_chunk(file, "cICP", {std::byte{9}, std::byte{16}, std::byte{0}, std::byte{1}});
  const ImageMetadata m = decode_image(file, "x").metadata;
  CHECK(m.gamma == 45455);
  CHECK(m.chromaticities ==
        std::array<std::uint32_t, 8>{31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000});
  CHECK(m.resolution_x == 11811);
  CHECK(m.resolution_y == 5906);
  CHECK(!m.resolution_is_ratio);
  CHECK(m.srgb_intent == 2);
  CHECK(m.coding == std::array<std::uint8_t, 4>{9, 16, 0, 1});
  CHECK(decode_image(with_chunk(png, "pHYs", ratio), "x").metadata.resolution_is_ratio);
  for (const std::string type : {"gAMA", "cHRM", "pHYs", "sRGB", "cICP", "iCCP", "eXIf"})
    for (const std::size_t size : {0u, 1u, 2u, 3u, 4u, 5u, 8u, 9u, 10u, 31u, 32u, 33u, 100u}) {
      const Image image = decode_image(with_chunk(png, type, Bytes(size, std::byte{7})), "x");
      const Image written = decode_image(encode_png(image), "x");
      CHECK(written.metadata.gamma == image.metadata.gamma);
      CHECK(image.metadata.gamma == (type == "gAMA" && size == 4 ? 0x07070707u : 0u));
      CHECK(same(image, written));
    }
}

TEST_CASE("a hostile profile costs a bounded amount of memory, and the picture is read") {
  const Image image = noise(4, 5, 3);
  const Bytes png = encode_png(image);
  const auto chunk = [](const Bytes& packed, const std::string& name = "p", int method = 0) {
    Bytes out;
    for (const char c : name) out.push_back(static_cast<std::byte>(c));
    out.push_back(std::byte{0});
    out.push_back(static_cast<std::byte>(method));
    out.insert(out.end(), packed.begin(), packed.end());
    return out;
  };
  const auto profile_of = [&](const Bytes& content) {
    const Image back = decode_image(with_chunk(png, "iCCP", content), "x");
    CHECK(same(back, image));
    return back.metadata.icc_profile;
  };
  const Bytes profile = random_bytes(3000, 3), packed = detail::zlib_compress(profile);
  CHECK(profile_of(chunk(packed)) == profile);
  CHECK(profile_of(chunk(packed, std::string(79, 'n'))) == profile);
  CHECK(profile_of(chunk(packed, std::string(80, 'n'))).empty());
  CHECK(profile_of(chunk(packed, "")).empty());
  CHECK(profile_of(chunk(packed, "p", 1)).empty());
  for (std::size_t size = 0; size < packed.size(); size += 97)
    CHECK(
        profile_of(chunk(Bytes(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size))))
            .empty());
  Bytes changed = packed;
  changed[1000] ^= std::byte{0x10};
  CHECK(profile_of(chunk(changed)).empty());
  const std::size_t most = ImageMetadata::max_icc_profile;
  CHECK(profile_of(chunk(detail::zlib_compress(Bytes(most)))) == Bytes(most));
  CHECK(profile_of(chunk(detail::zlib_compress(Bytes(most + 1)))).empty());
  CHECK(profile_of(chunk(detail::zlib_compress(Bytes(most * 16)))).empty());
}
