// SPDX-License-Identifier: BSD-3-Clause
// What files say beside samples comes into the new file: through PNG and BMP, from a JPEG.
#include <doctest/doctest.h>

#include "../temporary_folder.hpp"
#include "hand_made_images.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

Bytes profile_for(const char* space) {
  Bytes out(300, std::byte{5});
  for (std::size_t i = 0; i < 4; ++i) {
    out[16 + i] = static_cast<std::byte>(space[i]);
    out[36 + i] = static_cast<std::byte>("acsp"[i]);
  }
  return out;
}

bool equal(const ImageMetadata& a, const ImageMetadata& b) {
  return a.icc_profile == b.icc_profile && a.gamma == b.gamma &&
         a.chromaticities == b.chromaticities && a.srgb_intent == b.srgb_intent &&
         a.coding == b.coding && a.resolution_x == b.resolution_x &&
         a.resolution_y == b.resolution_y && a.resolution_is_ratio == b.resolution_is_ratio &&
         a.orientation == b.orientation;
}

}  // namespace

TEST_CASE("all that PNG can say comes back, each alone and together, for every kind of image") {
  const TemporaryFolder folder;
  for (const int depth : {8, 16})
    for (int channels = 1; channels <= 4; ++channels)
      for (int what = 0; what < 64; ++what) {
        Image image = noise(3, 4, channels, depth);
        ImageMetadata& m = image.metadata;
        if (what & 1) m.icc_profile = profile_for(channels <= 2 ? "GRAY" : "RGB ");
        else if (what & 2) m.srgb_intent = what & 4 ? 0 : 3;
        if (what & 4) m.gamma = 45455;
        if (what & 8) m.chromaticities = {31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000};
        if (what & 16) m.set_resolution(11811, 5906);
        m.resolution_is_ratio = (what & 48) == 48;
        if (what & 32) m.coding = {1, 13, 0, 1};
        write_image(folder / "a.png", image);
        const Image back = read_image(folder / "a.png");
        CHECK(same(back, image));
        CHECK(equal(back.metadata, image.metadata));
      }
}

TEST_CASE("a profile of other colours than the image's, which PNG forbids, is left out") {
  for (int channels = 1; channels <= 4; ++channels)
    for (const std::string space : {"GRAY", "RGB ", "CMYK"}) {
      Image image = noise(3, 4, channels);
      image.metadata.icc_profile = profile_for(space.c_str());
      const bool fits = space == (channels <= 2 ? "GRAY" : "RGB ");
      CHECK(chunk_of(encode_png(image), "iCCP").empty() == !fits);
    }
  Image image = noise(3, 4, 3);
  image.metadata.icc_profile = profile_for("RGB ");
  image.metadata.srgb_intent = 0;  // PNG wants one of the two
  CHECK(!chunk_of(encode_png(image), "iCCP").empty());
  CHECK(chunk_of(encode_png(image), "sRGB").empty());
}

TEST_CASE("an image that says nothing gives a file that says nothing") {
  const Image image = noise(3, 4, 3);
  const Bytes png = encode_png(image);
  for (const char* type : {"iCCP", "sRGB", "gAMA", "cHRM", "pHYs", "cICP"})
    CHECK(chunk_of(png, type).empty());
  CHECK(equal(decode_image(png, "x").metadata, {}));
}

TEST_CASE("BMP keeps the resolution") {
  for (const int channels : {3, 4}) {
    Image image = noise(3, 4, channels);
    CHECK(decode_image(encode_bmp(image), "x").metadata.resolution_x == 2835);
    image.metadata.set_resolution(11811, 5906);
    const Image back = decode_image(encode_bmp(image), "x");
    CHECK(same(back, image));
    CHECK(equal(back.metadata, image.metadata));
    image.metadata.resolution_is_ratio = true;
    CHECK(decode_image(encode_bmp(image), "x").metadata.resolution_y == 2835);
  }
  Image image;
  image.metadata.set_resolution(0.2, 7);
  image.metadata.set_resolution(4e9, 7);
  image.metadata.set_resolution(std::nan(""), 7);
  CHECK(image.metadata.resolution_x == 0);
}
