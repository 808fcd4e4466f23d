// SPDX-License-Identifier: BSD-3-Clause
// Reflected padding: indices as PyTorch's, the sizes a network accepts, and inpainting at any size.
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <vector>

#include <tessera/inference/inpaint.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same();
using Net = Network<MaskedInput<8, 8, 3>,
                    SkipConcat<PartialConv2d<3, 4, kernel(3).stride(4).same()>, Upsample2d<4>>,
                    PartialConv2d<7, 3, same>, Sigmoid>;
using Plain = Network<Input<4, 4, 3>, Conv2d<3, 3, same>, Sigmoid>;
using Half = Network<Input<4, 4, 1>, Conv2d<1, 1, kernel(2).stride(2)>>;

struct Bias {  // a parameter for each pixel
  static constexpr std::string_view name = "bias_map";
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr auto parameters(Shape in) {
    return tessera::parameters(Parameter{"bias", {in.height, in.width}, zeros});
  }
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t p = 0; p < run.x().pixels(); ++p) *run.y().pixel(p) = *run.x().pixel(p);
  }
  template <class T>
  static void backward(const Run<Cpu, T>&) {}
};
using Fixed = Network<Input<8, 8, 1>, SkipConcat<Conv2d<1, 1, kernel(2).stride(2)>, Upsample2d<2>>,
                      Conv2d<2, 1, same>, Named<"map", Bias>>;

}  // namespace

TEST_CASE("reflection as torch.nn.functional.pad(mode='reflect'), and further") {
  const std::vector<int> expected{0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2};
  for (int i = 0; i < 11; ++i) CHECK(reflected(i, 4) == expected[static_cast<std::size_t>(i)]);
  for (int i = 0; i < 5; ++i) {
    CHECK(reflected(i, 1) == 0);
    CHECK(reflected(i, 2) == i % 2);
  }
}

TEST_CASE("the smallest size that fits") {
  const auto padded = [](int h, int w) { return padded_size(Net::structure, {h, w, 3}); };
  CHECK(padded(8, 12) == Shape{8, 12, 3});
  CHECK(padded(1, 1) == Shape{4, 4, 3});
  CHECK(padded(9, 8) == Shape{12, 8, 3});
  CHECK(padded(5, 1601) == Shape{8, 1604, 3});
  CHECK(padded_size(Plain::structure, {7, 3, 3}) == Shape{7, 3, 3});
  CHECK(padded_size(models::PConvCifarNet2::structure, {1600, 2559, 3}) == Shape{1600, 2560, 3});
  CHECK(padded_size(models::PConvCifarNet2Same::structure, {17, 33, 3}) == Shape{32, 48, 3});
  CHECK(padded_size(Fixed::structure, {8, 8, 1}) == Shape{8, 8, 1});
}

TEST_CASE("a size that does not fit is restored as its hand-padded image, and cropped") {
  Model<Net> model(Seed{5});
  for (const auto& [h, w] : {std::pair{7, 10}, {1, 1}, {2, 3}, {13, 8}, {8, 5}}) {
    const int H = (h + 3) / 4 * 4, W = (w + 3) / 4 * 4;
    Tensor<float> image(2, {h, w, 3}), padded(2, {H, W, 3});
    Buffer<std::uint8_t> hole(static_cast<std::size_t>(2 * h * w)),
        padded_hole(static_cast<std::size_t>(2 * H * W));
    RandomStream random(Seed{9}, 0);
    for (float& v : image.span()) v = static_cast<float>(random.uniform());
    for (auto& v : hole) v = random.uniform() < 0.4 ? 255 : 0;
    const auto mirror = [](int i, int n) {  // one reflection after the other
      while (i >= n || i < 0) i = n == 1 ? 0 : i >= n ? 2 * (n - 1) - i : -i;
      return i;
    };
    for (int n = 0; n < 2; ++n)
      for (int y = 0; y < H; ++y)
        for (int x = 0; x < W; ++x) {
          const int sy = mirror(y, h), sx = mirror(x, w);
          for (int c = 0; c < 3; ++c) padded.view()(n, y, x, c) = image.view()(n, sy, sx, c);
          padded_hole[static_cast<std::size_t>((n * H + y) * W + x)] =
              hole[static_cast<std::size_t>((n * h + sy) * w + sx)];
        }
    const auto got = inpaint_images(model, std::as_const(image).view(), {hole.data(), 2, h, w});
    const auto expected =
        inpaint_images(model, std::as_const(padded).view(), {padded_hole.data(), 2, H, W});
    REQUIRE(got.shape() == image.shape());
    for (int n = 0; n < 2; ++n)
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x)
          CHECK(std::memcmp(got.view().pixel(n, y, x), expected.view().pixel(n, y, x),
                            3 * sizeof(float)) == 0);
  }
}

TEST_CASE("nothing is run where there is no hole") {
  Model<Net> model(Seed{5});
  model.parameters()[0] = std::numeric_limits<float>::quiet_NaN();
  Tensor<float> image(3, {5, 6, 3});
  image.fill(0.25f);
  const Buffer<std::uint8_t> hole(90);
  const auto got = inpaint_images(model, std::as_const(image).view(), {hole.data(), 3, 5, 6});
  CHECK(std::memcmp(got.data(), image.data(), got.size() * sizeof(float)) == 0);
}

TEST_CASE("errors") {
  CHECK_THROWS_WITH_AS(padded_size(Fixed::structure, {7, 8, 1}),
                       "inpaint: the network takes images of 8x8x1 only (bias_map \"map\": the "
                       "layer's parameters were made for another image size), got 7x8x1",
                       ShapeError);
  CHECK_THROWS_WITH_AS(padded_size(Half::structure, {6, 6, 1}),
                       "inpaint: the network's output is 3x3x1, expected the image's 6x6x1",
                       ShapeError);
  CHECK_THROWS_WITH_AS(padded_size(Half::structure, {1, 6, 1}),
                       "inpaint: the network takes neither images of 1x6x1 nor larger ones of up "
                       "to 1024 more rows and columns (conv2d \"0\": the layer's window is larger "
                       "than its padded input)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(padded_size(Net::structure, {0, 6, 3}),
                       "inpaint: expected images of at least 1x1 pixels, got 0x6x3", ShapeError);
}
