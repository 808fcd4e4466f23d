// SPDX-License-Identifier: BSD-3-Clause
// JPEG: kinds and faults that end in one sentence, tables, restart markers, profile, resolution.
#include <doctest/doctest.h>

#include "hand_made_images.hpp"
#include "make_jpeg.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

/// A grey JPEG of one colour, 8 pixels high, in which each block is the byte 3F and ends at a
/// restart marker.
struct GreyJpeg {
  int blocks = 4;
  int dc_table = 0, ac_table = 0, quantization_table = 0;  // that are there; -1: not
  int restart_interval = 1;
  Bytes before_restart{};  // put before each marker
  Bytes before_scan{}, before_end{};

  Bytes file() const {
    Bytes out = bytes({0xFF, 0xD8});
    const auto add = [&](const Bytes& part) { out.insert(out.end(), part.begin(), part.end()); };
    if (quantization_table >= 0) {
      add(bytes({0xFF, 0xDB, 0, 67, quantization_table}));
      add(Bytes(64, std::byte{1}));
    }
    add(bytes({0xFF, 0xC0, 0, 11, 8, 0, 8, 8 * blocks >> 8, 8 * blocks & 255, 1, 1, 0x11, 0}));
    for (const auto& [kind, table] : {std::pair{0, dc_table}, {0x10, ac_table}})
      if (table >= 0) {  // one code, "0", for one symbol, 0
        add(bytes({0xFF, 0xC4, 0, 20, kind | table, 1}));
        add(Bytes(16, std::byte{0}));
      }
    if (restart_interval > 0) add(bytes({0xFF, 0xDD, 0, 4, 0, restart_interval}));
    add(before_scan);
    add(bytes({0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0}));
    for (int i = 0; i < blocks; ++i) {
      add(bytes({0x3F}));
      if (i + 1 == blocks) break;
      add(before_restart);
      add(bytes({0xFF, 0xD0 + i % 8}));
    }
    add(before_end);
    add(bytes({0xFF, 0xD9}));
    return out;
  }
};

/// The profile in APP2 segments of `size` bytes each, in the order of `turn`.
Bytes with_profile(Bytes jpeg, const Bytes& profile, std::size_t size, bool backwards = false) {
  const std::size_t count = (profile.size() + size - 1) / size;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t part = backwards ? i : count - 1 - i;  // each is put first
    Bytes segment;
    for (const char c : std::string("ICC_PROFILE") + '\0')
      segment.push_back(static_cast<std::byte>(c));
    segment.push_back(static_cast<std::byte>(part + 1));
    segment.push_back(static_cast<std::byte>(count));
    const auto from = profile.begin() + static_cast<std::ptrdiff_t>(part * size);
    segment.insert(
        segment.end(), from,
        from + static_cast<std::ptrdiff_t>(std::min(size, profile.size() - part * size)));
    jpeg = with_segment(jpeg, 0xE2, segment);
  }
  return jpeg;
}

Bytes some_profile(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * i % 251);
  return out;
}

/// The JPEG with a JFIF segment of this density.
Bytes with_density(Bytes jpeg, int unit, int x, int y) {
  const Bytes jfif =
      bytes({'J', 'F', 'I', 'F', 0, 1, 1, unit, x >> 8, x & 255, y >> 8, y & 255, 0, 0});
  return with_segment(jpeg, 0xE0, jfif);
}

}  // namespace

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

TEST_CASE("a scan whose tables are not there is refused") {
  REQUIRE(error_of(GreyJpeg{}.file()) == "no error");
  const Image image = decode_image(GreyJpeg{}.file(), "x");
  CHECK(image.shape() == Shape{8, 32, 1});
  for (const std::uint16_t sample : image.samples) REQUIRE(sample == 128);
  const std::string without =
      ", which the file does not have (single frames of Motion JPEG leave them out)";
  for (const int table : {-1, 1, 3}) {
    CHECK(error_of(GreyJpeg{.dc_table = table}.file())
              .ends_with(" needs DC Huffman table 0" + without));
    CHECK(error_of(GreyJpeg{.ac_table = table}.file())
              .ends_with(" needs AC Huffman table 0" + without));
    CHECK(error_of(GreyJpeg{.quantization_table = table}.file())
              .ends_with(" needs quantization table 0, which the file does not have"));
  }
  CHECK(error_of(GreyJpeg{.dc_table = -1}.file()) ==
        "x: damaged JPEG: the scan at byte 112 needs DC Huffman table 0" + without);
}

TEST_CASE("restart markers: bytes before one, a wrong distance, one out of place") {
  const std::string text =
      "x: cannot decode the JPEG: the coded pixels do not end where a restart marker stands; there "
      "are other bytes before it, or its distance is not the one the file names";
  for (const int blocks : {2, 4, 20})
    for (const int junk : {4, 5, 9, 30, 1000}) {
      GreyJpeg jpeg{.blocks = blocks};
      jpeg.before_restart = Bytes(static_cast<std::size_t>(junk), std::byte{0x55});
      CHECK(error_of(jpeg.file()) == text);
    }
  CHECK(error_of(GreyJpeg{.blocks = 9, .restart_interval = 0}.file()) != "no error");
  for (const int marker : {0xD0, 0xD7, 0xD8, 0x01, 0x02, 0xBF, 0xC8, 0xCC, 0xF0, 0xFD}) {
    GreyJpeg jpeg;
    jpeg.before_scan = bytes({0xFF, marker, 0, 4, 1, 2});
    const std::string error = error_of(jpeg.file());
    CAPTURE(error);
    CHECK(error.starts_with("x: damaged JPEG: an unexpected marker FF"));
    CHECK(error.ends_with(" at byte 134"));
  }
}

TEST_CASE("a profile comes back whole from any number of segments in any order, or not at all") {
  const Bytes jpeg = make_jpeg(noise(8, 8, 3));
  const auto profile_in = [](const Bytes& file) {
    return decode_image(file, "x").metadata.icc_profile;
  };
  CHECK(profile_in(jpeg).empty());
  for (const std::size_t size : {1u, 500u, 65'519u, 200'000u})
    for (const bool backwards : {false, true}) {
      const Bytes profile = some_profile(size);
      CHECK(profile_in(with_profile(jpeg, profile, 65'519, backwards)) == profile);
      CHECK(profile_in(with_profile(jpeg, profile, (size + 254) / 255, backwards)) == profile);
    }
  const Bytes profile = some_profile(3000), three = with_profile(jpeg, profile, 1000);
  REQUIRE(profile_in(three) == profile);
  for (const int number : {0, 2, 3, 4, 255}) {  // a part twice, or of a number that there is not
    Bytes file = three;
    file[2 + 4 + 12] = static_cast<std::byte>(number);
    CHECK(profile_in(file).empty());
  }
  for (const int count : {0, 1, 2, 4, 255}) {
    Bytes file = three;
    file[2 + 4 + 13] = static_cast<std::byte>(count);
    CHECK(profile_in(file).empty());
  }
  CHECK(profile_in(with_segment(jpeg, 0xE2, bytes({'I', 'C', 'C'}))).empty());
}

TEST_CASE("resolution: of JFIF in either unit, else of EXIF; turned with the picture") {
  Bytes plain = make_jpeg(noise(8, 8, 3));
  plain.erase(plain.begin() + 2, plain.begin() + 20);  // its own JFIF segment
  REQUIRE(error_of(plain) == "no error");
  const auto of = [](const Bytes& file) {
    const ImageMetadata m = decode_image(file, "x").metadata;
    CHECK(!m.resolution_is_ratio);
    return std::pair{m.resolution_x, m.resolution_y};
  };
  using Two = std::pair<std::uint32_t, std::uint32_t>;
  CHECK(of(plain) == Two{0, 0});
  CHECK(of(with_density(plain, 1, 300, 150)) == Two{11811, 5906});
  CHECK(of(with_density(plain, 2, 118, 59)) == Two{11800, 5900});
  CHECK(of(with_density(plain, 0, 300, 150)) == Two{0, 0});
  CHECK(of(with_density(plain, 7, 300, 150)) == Two{0, 0});
  CHECK(of(with_density(plain, 1, 0, 0)) == Two{0, 0});
  for (const bool big : {false, true}) {
    const auto fraction = [&](std::uint32_t a, std::uint32_t b) {
      Bytes out = tiff_number(a, 4, big);
      put_number(out, b, 4, big);
      return out;
    };
    const auto exif = [&](std::uint32_t unit, std::uint32_t orientation) {
      Bytes out = bytes({'E', 'x', 'i', 'f', 0, 0});
      const Bytes tiff = tiff_file({{0x0112, 3, 1, tiff_number(orientation, 2, big)},
                                    {0x011A, 5, 1, fraction(3000, 10)},
                                    {0x011B, 5, 1, fraction(150, 1)},
                                    {0x0128, 3, 1, tiff_number(unit, 2, big)}},
                                   big);
      out.insert(out.end(), tiff.begin(), tiff.end());
      return out;
    };
    CHECK(of(with_exif(plain, exif(2, 1))) == Two{11811, 5906});
    CHECK(of(with_exif(plain, exif(3, 1))) == Two{30000, 15000});
    CHECK(of(with_exif(plain, exif(1, 1))) == Two{0, 0});
    CHECK(of(with_exif(plain, exif(2, 6))) == Two{5906, 11811});
    CHECK(of(with_exif(with_density(plain, 1, 96, 96), exif(2, 3))) == Two{3780, 3780});
    CHECK(of(with_density(with_exif(plain, exif(2, 1)), 0, 1, 1)) == Two{11811, 5906});
  }
}
