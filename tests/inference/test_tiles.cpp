// SPDX-License-Identifier: BSD-3-Clause
// Tiles: where they lie, and that a restoration in tiles is the one in a single pass.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/inference/inpaint.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same();
using Small =
    Network<MaskedInput<8, 8, 3>, PartialConv2d<3, 6, same>, LeakyReLU<>,
            SkipConcat<PartialConv2d<6, 6, kernel(3).stride(2).same()>, ReLU, Upsample2d<2>>,
            PartialConv2d<12, 3, same>, Sigmoid>;
using Flat = Network<Input<4, 4, 3>, Conv2d<3, 8, kernel(5).same()>, ReLU,
                     Conv2d<8, 3, kernel(4).padding(2)>, Conv2d<3, 3, kernel(2)>, Sigmoid>;
using Thirds = Network<Input<9, 9, 1>, Conv2d<1, 4, same>, MaxPool2d<3>, Upsample2d<3>,
                       Conv2d<4, 1, same>, Sigmoid>;

struct WholeImage {  // adds the mean of the image
  static constexpr std::string_view name = "whole_image";
  static constexpr Shape output_shape(Shape in) { return in; }
  static constexpr Reach reach{0};
  template <class T>
  static void forward(const Run<Cpu, T>& run) {
    for (std::ptrdiff_t p = 0; p < run.x().pixels(); ++p) *run.y().pixel(p) = *run.x().pixel(0);
  }
  template <class T>
  static void backward(const Run<Cpu, T>&) {}
};

struct Case {
  Tensor<float> image;
  Buffer<std::uint8_t> hole;
  Case(int h, int w, int channels, std::uint64_t seed)
      : image(1, {h, w, channels}), hole(static_cast<std::size_t>(h * w)) {
    RandomStream random(Seed{seed}, 0);
    for (float& v : image.span()) v = static_cast<float>(random.uniform());
    if (seed % 2) {  // one large hole over every tile border, known pixels in a frame
      for (int y = h / 8; y < h - h / 8; ++y)
        for (int x = w / 8; x < w - w / 8; ++x) hole[static_cast<std::size_t>(y * w + x)] = 1;
    } else {
      LineMasks{20, 40, 1, 9}.draw(random, {hole.data(), 1, h, w});
    }
  }
  HoleView holes() const { return make_hole_view(hole.data(), 1, image.shape()); }
};

/// With the memory that a tile of this size takes.
template <class Net>
void check_tiles(const Case& in, int tile, int least_tiles) {
  Model<Net> model(Seed{3}, Context<Cpu>{2});
  const View<const float> image = std::as_const(in.image).view();
  const std::size_t share = detail::tensor_image_bytes(in.image.shape());
  const std::size_t limit = detail::pass_bytes(Net::structure, 1, tile, tile, 4) + share;
  const TilePlan plan = plan_tiles(Net::structure, in.image.shape(), 1, share, limit, 4);
  CHECK(plan.tiles() >= least_tiles);
  CHECK(plan.bytes <= limit);
  const Tensor<float> whole = raw_output(model, image, in.holes());
  const Tensor<float> tiled = raw_output(model, image, in.holes(), {.memory_limit = limit});
  double largest = 0;
  for (std::size_t i = 0; i < whole.size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(whole.data()[i] - tiled.data()[i])));
  MESSAGE(plan.tiles() << " tiles of " << plan.rows.size << "x" << plan.columns.size
                       << ", largest difference " << largest);
  CHECK(largest == 0);
  const Tensor<float> holes = inpaint_images(model, image, in.holes(), {.memory_limit = limit});
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < holes.size(); ++i)
    wrong += holes.data()[i] !=
             (in.hole[i / static_cast<std::size_t>(image.channels)] ? tiled : in.image).data()[i];
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("the rule follows from the layers' reach") {
  const auto small = tile_rule(Small::structure);
  REQUIRE(small);
  CHECK(small->step == 2);
  CHECK(small->before == 4);  // pixel 0 reads from -1, there up from -1, down from -3, and -4
  CHECK(small->before + small->after + small->step >= receptive_field<Small>);
  const auto flat = tile_rule(Flat::structure);
  REQUIRE(flat);
  CHECK(flat->step == 1);
  CHECK(flat->before == 4);
  CHECK(flat->after == 4);
  const auto thirds = tile_rule(Thirds::structure);
  REQUIRE(thirds);
  CHECK(thirds->step == 3);
  const auto net2 = tile_rule(models::PConvCifarNet2::structure);
  REQUIRE(net2);
  CHECK(net2->step == 16);
  CHECK(net2->before + net2->after + 1 >= receptive_field<models::PConvCifarNet2>);
  CHECK(!tile_rule(Network<Input<8, 8, 1>, WholeImage>::structure));
  CHECK(!tile_rule(Network<Input<8, 8, 1>, Conv2d<1, 1, kernel(2).stride(2)>>::structure));
  CHECK(!tile_rule(Network<  // full and half size meet, which only an image of 1x1 allows
                   Input<1, 1, 1>, SkipConcat<Conv2d<1, 1, kernel(3).stride(2).same()>>,
                   Conv2d<2, 1, same>>::structure));
}

TEST_CASE("tiles of an axis: inner parts cover it once, halos reach far enough, origins in step") {
  for (const TileRule rule : {TileRule{1, 0, 0}, {1, 2, 3}, {4, 8, 4}, {16, 80, 96}})
    for (const int length : {1, 17, 64, 177, 192, 400, 1001, 1600})
      for (int count = 1; count < 40; ++count) {
        const TileAxis axis = TileAxis::cut(length, count, rule);
        REQUIRE(axis.count <= std::max(1, count));
        int end = 0;
        for (int i = 0; i < axis.count; ++i) {
          REQUIRE(axis.inner_begin(i) == end);
          end = axis.inner_end(i);
          REQUIRE(end > axis.inner_begin(i));
          const int first = axis.origin(i), last = first + axis.extent(i);
          REQUIRE(first >= 0);
          REQUIRE(first % rule.step == 0);
          REQUIRE(last <= length);
          REQUIRE((first == 0 || axis.inner_begin(i) - first >= rule.before));
          REQUIRE((last == length || last - end >= rule.after));
          REQUIRE((axis.count == 1 || axis.extent(i) <= axis.size));
        }
        REQUIRE(end == length);
        const TileAxis next = axis.smaller();
        REQUIRE((next.size == axis.size || (next.size < axis.size && next.count > axis.count)));
      }
}

TEST_CASE("in tiles as in one pass: small networks, odd sizes, holes larger than a tile") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    check_tiles<Small>(Case(61, 83, 3, seed), 24, 6);
    check_tiles<Flat>(Case(50, 37, 3, seed), 20, 4);
    check_tiles<Thirds>(Case(40, 64, 1, seed), 21, 4);
  }
}

TEST_CASE("in tiles as in one pass: the networks of the report") {
  check_tiles<models::PConvCifarNet2>(Case(253, 319, 3, 0), 256, 2);
  check_tiles<models::PConvCifarNet2>(Case(253, 319, 3, 1), 256, 2);
  check_tiles<models::PConvCifarNet1>(Case(190, 187, 3, 1), 160, 2);
}

TEST_CASE("batches shrink before images are cut") {
  const Shape image{64, 64, 3};
  const std::size_t share = detail::tensor_image_bytes(image);
  const auto plan = [&](std::size_t limit) {
    return plan_tiles(Small::structure, image, 32, share, limit, sizeof(float));
  };
  const std::size_t one = plan_tiles(Small::structure, image, 1, share, 1_GiB, 4).bytes;
  CHECK(plan(1_GiB).batch == 32);
  CHECK(plan(one).batch == 1);
  CHECK(plan(one).tiles() == 1);
  CHECK(plan(5 * one).batch == 4);
  CHECK(plan(one - 1).tiles() > 1);
}

TEST_CASE("errors") {
  const std::size_t least =
      detail::pass_bytes(models::PConvCifarNet2::structure, 1, 160, 160, 4) + 1000;
  const std::string text =
      "inpaint: the memory limit of 5 MiB is too small: a pass over the "
      "smallest tile, 160x160 pixels, and its image take " +
      detail::mebibytes(least);
  CHECK_THROWS_WITH_AS(
      plan_tiles(models::PConvCifarNet2::structure, {640, 480, 3}, 1, 1000, 5_MiB, 4), text.c_str(),
      ArgumentError);
  CHECK(plan_tiles(models::PConvCifarNet2::structure, {640, 480, 3}, 1, 1000, least, 4).bytes <=
        least);
  CHECK_THROWS_WITH_AS(
      plan_tiles(Network<Input<8, 8, 1>, WholeImage>::structure, {640, 480, 1}, 1, 0, 1_MiB, 4),
      "inpaint: a pass over 640x480 pixels and its image take 3 MiB, the memory limit is 1 MiB, "
      "and this network cannot work in tiles: an output pixel may depend on the whole image",
      ArgumentError);
}
