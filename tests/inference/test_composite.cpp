// SPDX-License-Identifier: BSD-3-Clause
// restore_image: known samples are the image's own for every depth, number of channels and mask;
// holes are the network's output, rounded.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/inference/composite.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same();
template <int C>
using Net =
    Network<MaskedInput<8, 8, C>,
            SkipConcat<PartialConv2d<C, 4, kernel(3).stride(2).same()>, Upsample2d<2>>,
            PartialConv2d<4 + C, C, same>>;  // no sigmoid: values outside [0, 1] are clamped

Image random_image(int h, int w, int channels, int depth, RandomStream& random) {
  Image image(h, w, channels, depth);
  for (auto& v : image.samples)
    v = static_cast<std::uint16_t>(random.integer(0, image.largest() + 1));
  return image;
}
Buffer<std::uint8_t> random_hole(int h, int w, RandomStream& random) {
  Buffer<std::uint8_t> hole(static_cast<std::size_t>(h * w));
  const double share = random.uniform() * 1.2 - 0.1;  // none and all of it too
  for (auto& v : hole)
    if (random.uniform() < share) v = static_cast<std::uint8_t>(random.integer(1, 256));
  return hole;
}

/// Restores random images of this kind and compares every sample.
template <int C>
void check(int channels, int depth, std::uint64_t seed, int images) {
  Model<Net<C>> model(Seed{seed}, Context<Cpu>{1});
  RandomStream random(Seed{seed}, static_cast<std::uint64_t>(channels * 100 + depth));
  for (int i = 0; i < images; ++i) {
    const int h = random.integer(1, 24), w = random.integer(1, 24);
    const Image image = random_image(h, w, channels, depth, random);
    const Buffer<std::uint8_t> hole = random_hole(h, w, random);
    const Image restored = restore_image(model, image, hole.span());
    const Tensor<float> input = to_tensor(image, C);
    const Tensor<float> expected = raw_output(model, input.view(), {hole.data(), 1, h, w});
    REQUIRE(restored.shape() == image.shape());
    REQUIRE(restored.depth == depth);
    int wrong = 0;
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x)
        for (int c = 0; c < channels; ++c) {
          const std::uint16_t got = restored.pixel(y, x)[c];
          const bool missing = hole[static_cast<std::size_t>(y * w + x)] != 0;
          if (!missing || c >= image.colours()) {  // what is restored is opaque
            wrong += got != (missing ? image.largest() : image.pixel(y, x)[c]);
            continue;
          }
          double value = static_cast<double>(expected.view()(0, y, x, c));
          if (image.colours() < C) {
            value = 0;
            for (int k = 0; k < C; ++k)
              value += static_cast<double>(expected.view()(0, y, x, k)) / C;
          }
          value = std::clamp(value, 0.0, 1.0) * image.largest();
          wrong += std::abs(got - value) > 0.5 + 1e-9 * image.largest();
        }
    CHECK(wrong == 0);
  }
}

}  // namespace

TEST_CASE("known samples are untouched, holes are the network's: every depth and channel count") {
  for (const int depth : {8, 16})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      for (const int channels : {1, 2, 3, 4}) check<3>(channels, depth, seed, 25);
      for (const int channels : {1, 2}) check<1>(channels, depth, seed, 25);
    }
}

TEST_CASE("what the file says of colours and resolution stays with the picture") {
  Model<Net<3>> model(Seed{1}, Context<Cpu>{1});
  RandomStream random(Seed{4}, 0);
  Image image = random_image(9, 7, 4, 8, random);
  image.metadata.icc_profile = {std::byte{1}, std::byte{2}};
  image.metadata.gamma = 45455;
  image.metadata.set_resolution(11811, 5906);
  const Image restored = restore_image(model, image, random_hole(9, 7, random).span());
  CHECK(restored.metadata.icc_profile == image.metadata.icc_profile);
  CHECK(restored.metadata.gamma == 45455);
  CHECK(restored.metadata.resolution_y == 5906);
}

TEST_CASE("a mask in the size before the picture was turned is told so") {
  Model<Net<3>> model(Seed{1}, Context<Cpu>{1});
  RandomStream random(Seed{4}, 0);
  Image image = random_image(9, 7, 3, 8, random);
  const auto error = [&](int height, int width) -> std::string {
    const HoleMask mask{height, width, random_hole(height, width, random)};
    try {
      restore_image(model, image, mask);
    } catch (const ShapeError& e) {
      return e.what();
    }
    return "no error";
  };
  const std::string turned = "restore_image: expected a mask of 9x7 pixels, got 7x9 pixels";
  CHECK(error(7, 9) == turned);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    image.metadata.orientation = orientation;
    const std::string text = "; that is the size of the file before its EXIF orientation " +
                             std::to_string(orientation) +
                             " turned the picture: turn the mask likewise";
    CHECK(error(9, 7) == "no error");
    CHECK(error(8, 8) == "restore_image: expected a mask of 9x7 pixels, got 8x8 pixels");
    CHECK(error(7, 9) == turned + (orientation < 5 ? "" : text));
  }
}

TEST_CASE("in tiles") {
  Model<Net<3>> model(Seed{1}, Context<Cpu>{1});
  RandomStream random(Seed{4}, 0);
  const Image image = random_image(61, 44, 4, 16, random);
  const Buffer<std::uint8_t> hole = random_hole(61, 44, random);
  const std::size_t limit = detail::pass_bytes(Net<3>::structure, 1, 20, 20, sizeof(float)) +
                            detail::restoring_bytes(image);
  CHECK(plan_restoration(model, image, hole.span(), {.memory_limit = limit}).tiles() > 6);
  const Image whole = restore_image(model, image, hole.span());
  const Image tiled = restore_image(model, image, hole.span(), {.memory_limit = limit});
  for (std::size_t i = 0; i < whole.samples.size(); ++i)
    CHECK(whole.samples[i] == tiled.samples[i]);
}

TEST_CASE("errors") {
  Model<Net<1>> grey(Seed{1});
  const Image image(4, 5, 4);
  const Buffer<std::uint8_t> hole(20);
  CHECK_THROWS_WITH_AS(restore_image(grey, image, hole.span()),
                       "restore_image: the network takes 1 channels, the image has 3 and alpha",
                       ShapeError);
  Model<Net<3>> colour(Seed{1});
  // A mask turned on its side has as many bytes, but not the image's size.
  HoleMask turned{image.width, image.height, Buffer<std::uint8_t>(hole.size())};
  CHECK_THROWS_WITH_AS(restore_image(colour, image, turned),
                       "restore_image: expected a mask of 4x5 pixels, got 5x4 pixels", ShapeError);
  CHECK_THROWS_WITH_AS(restore_image(colour, image, hole.span().first(19)),
                       "restore_image: expected a hole of 4x5 pixels, got 19 bytes", ShapeError);
}
