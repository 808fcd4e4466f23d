// SPDX-License-Identifier: BSD-3-Clause
// Restoring around the holes: bit by bit what one pass over the whole image gives, whatever the
// limit of memory, and no more work than the holes need.
#include <doctest/doctest.h>

#include <cstring>

#include <tessera/inference/inpaint.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/channelwise_fc.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/instance_norm2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same(), half = kernel(3).stride(2).same();
using Masked = Network<MaskedInput<8, 8, 3>, PartialConv2d<3, 6, same>, BatchNorm2d<6>, LeakyReLU<>,
                       SkipConcat<PartialConv2d<6, 6, half>, ReLU, Upsample2d<2>>,
                       PartialConv2d<12, 3, same>, Sigmoid>;
/// Convolutions of many channels at a quarter of the size are computed in squares of 2x2.
using Wide = Network<Input<16, 16, 3>, Conv2d<3, 32, half>, ReLU, Conv2d<32, 32, same>, ReLU,
                     Conv2d<32, 40, half>, ReLU, Conv2d<40, 32, same>, ReLU,
                     ConvTranspose2d<32, 32, kernel(4).stride(2).padding(1)>, ReLU,
                     ConvTranspose2d<32, 32, same>, Upsample2d<2>,
                     Conv2d<32, 3, same>>;  // no sigmoid: it would hide last bits
using Pooled = Network<Input<9, 9, 3>, Conv2d<3, 4, kernel(5).same()>, MaxPool2d<3>, Upsample2d<3>,
                       Conv2d<4, 3, same>, Tanh>;
using Normed =
    Network<Input<8, 8, 3>, Conv2d<3, 4, same>, InstanceNorm2d<4>, ReLU, Conv2d<4, 3, same>>;
using Connected = Network<Input<8, 8, 3>, ChannelwiseFC<8, 8, 3>, Conv2d<3, 3, same>>;

struct Case {
  Tensor<float> images;
  Buffer<std::uint8_t> hole;
  Case(int n, int h, int w, std::uint64_t seed)
      : images(n, {h, w, 3}), hole(static_cast<std::size_t>(n * h * w)) {
    RandomStream random(Seed{seed}, 0);
    for (float& v : images.span()) v = static_cast<float>(random.uniform());
    for (int i = 0; i < n; ++i)
      for (int k = random.integer(0, 5); k > 0; --k) {  // none in some of the images
        const int y = random.integer(0, h), x = random.integer(0, w);
        const int bottom = std::min(h, y + random.integer(1, 9)),
                  right = std::min(w, x + random.integer(1, 30));
        for (int a = y; a < bottom; ++a)
          for (int b = x; b < right; ++b) hole[static_cast<std::size_t>((i * h + a) * w + b)] = 1;
      }
  }
  HoleView holes() const {
    return make_hole_view(hole.data(), images.view().batch, images.shape());
  }
  RestorationPlan plan(const Structure& s, std::size_t limit) const {
    return plan_passes(s, images.view().batch, images.shape(), holes(), Wanted::holes,
                       detail::tensor_image_bytes(images.shape()), limit, sizeof(float));
  }
};

/// Against single passes over whole images: how many values have other bits.
template <class Net>
int other_bits(const Case& in, std::size_t limit) {
  Model<Net> model(Seed{3}, Context<Cpu>{2});
  const Tensor<float> got =
      inpaint_images(model, in.images.view(), in.holes(), {.memory_limit = limit});
  const std::ptrdiff_t size = in.images.shape().size();
  int wrong = 0;
  for (int n = 0; n < in.images.view().batch; ++n) {
    View<const float> one = in.images.view();
    one.batch = 1;
    one.data += n * size;
    const HoleView hole = in.holes().image(n);
    const Tensor<float> whole = raw_output(model, one, hole);
    for (std::ptrdiff_t i = 0; i < size; ++i)
      wrong += std::memcmp(got.data() + n * size + i,
                           (hole.missing(i / 3) ? whole.data() : one.data) + i, sizeof(float)) != 0;
  }
  return wrong;
}

template <class Net>
void check_bits(int h, int w, int tile) {
  const std::size_t share = detail::tensor_image_bytes({h, w, 3});
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Case one(1, h, w, seed), three(3, h, w, 10 + seed);
    CHECK(other_bits<Net>(one, 1_GiB) == 0);
    CHECK(other_bits<Net>(three, 1_GiB) == 0);
    CHECK(other_bits<Net>(three, detail::pass_bytes(Net::structure, 1, tile, tile, 4) + share) ==
          0);
  }
}

}  // namespace

TEST_CASE("bit by bit as from the whole image, with and without a limit of memory") {
  check_bits<Masked>(61, 183, 20);
  check_bits<Wide>(97, 130, 56);
  check_bits<Pooled>(70, 101, 24);
  check_bits<models::PConvCifarNet1>(150, 187, 112);
}
TEST_CASE("bit by bit: the larger network of the report") {
  const Case in(1, 253, 319, 5);
  CHECK(other_bits<models::PConvCifarNet2>(in, 1_GiB) == 0);
}

TEST_CASE("tiles that begin at every step give the bits of the whole image") {
  // A hole of a column, everywhere: its region begins at every multiple of the step.
  Model<Wide> model(Seed{3}, Context<Cpu>{2});
  Case in(1, 1, 1, 0);
  in.images = Tensor<float>(1, {24, 160, 3});
  in.hole = Buffer<std::uint8_t>(24 * 160);
  RandomStream random(Seed{9}, 0);
  for (float& v : in.images.span()) v = static_cast<float>(random.uniform());
  int wrong = 0;
  for (int x = 3; x < 160; x += 4) {
    std::fill(in.hole.begin(), in.hole.end(), std::uint8_t{0});
    for (int y = 0; y < 24; ++y) in.hole[static_cast<std::size_t>(y * 160 + x)] = 1;
    wrong += other_bits<Wide>(in, 1_GiB);
  }
  CHECK(wrong == 0);
}

TEST_CASE("the network is run around the holes, whatever the limit") {
  Case in(1, 600, 800, 0);
  std::fill(in.hole.begin(), in.hole.end(), std::uint8_t{0});
  const Structure& net2 = models::PConvCifarNet2::structure;
  CHECK(in.plan(net2, 1_GiB).tiles() == 0);
  CHECK(in.plan(net2, 1_GiB).largest().pixels() == 0);
  for (int x = 300; x < 360; ++x) in.hole[static_cast<std::size_t>(200 * 800 + x)] = 1;
  const RestorationPlan one = in.plan(net2, 64_GiB);
  CHECK(one.tiles() == 1);
  CHECK(one.largest() == Shape{160, 224, 3});  // 16 + 80 + 64 high
  CHECK(one.bytes <=
        detail::pass_bytes(net2, 1, 160, 224, 4) + detail::tensor_image_bytes(in.images.shape()));
  in.hole[static_cast<std::size_t>(590 * 800 + 790)] = 1;
  CHECK(in.plan(net2, 64_GiB).tiles() == 2);
  std::fill(in.hole.begin(), in.hole.end(), std::uint8_t{1});  // all of it: one pass, as before
  CHECK(in.plan(net2, 64_GiB).tiles() == 1);
  CHECK(in.plan(net2, 64_GiB).largest() == Shape{608, 800, 3});
  const RestorationPlan tiled = in.plan(net2, 200_MiB);
  CHECK(tiled.tiles() > 1);
  CHECK(tiled.bytes <= 200_MiB);
}

TEST_CASE("many images: only those with holes, parts of one size in one pass") {
  Case in(40, 40, 40, 0);
  std::fill(in.hole.begin(), in.hole.end(), std::uint8_t{0});
  for (int n = 0; n < 40; n += 2) in.hole[static_cast<std::size_t>((n * 40 + 20) * 40 + n)] = 1;
  const RestorationPlan plan = in.plan(models::PConvCifarNet2::structure, 1_GiB);
  CHECK(plan.tiles() == 20);
  CHECK(plan.passes.size() == 1);  // a receptive field that is larger than the image
  CHECK(other_bits<models::PConvCifarNet2>(in, 1_GiB) == 0);
}

TEST_CASE("networks that read the whole image see the whole image") {
  Case in(3, 40, 56, 1);
  in.hole[0] = in.hole[40 * 56] = in.hole[2 * 40 * 56] = 1;
  const RestorationPlan plan = in.plan(Normed::structure, 1_GiB);
  CHECK(plan.tiles() == 3);
  for (const PlannedPass& pass : plan.passes) CHECK(pass.size == Shape{40, 56, 3});
  CHECK(other_bits<Normed>(in, 1_GiB) == 0);
  Case small(4, 8, 8, 2);
  CHECK(other_bits<Connected>(small, 1_GiB) == 0);
  for (const PlannedPass& pass : small.plan(Connected::structure, 1_GiB).passes)
    CHECK(pass.size == Shape{8, 8, 3});
}

TEST_CASE("each pass is told of") {
  Model<Masked> model(Seed{1}, Context<Cpu>{2});
  const Case in(1, 120, 150, 3);
  std::vector<int> done;
  int all = 0;
  const std::size_t limit = detail::pass_bytes(Masked::structure, 1, 24, 24, 4) +
                            detail::tensor_image_bytes(in.images.shape());
  inpaint_images(model, in.images.view(), in.holes(),
                 {.memory_limit = limit, .on_pass = [&](const InpaintReport& r) {
                    done.push_back(r.tiles);
                    all = r.all_tiles;
                  }});
  REQUIRE(!done.empty());
  CHECK(std::is_sorted(done.begin(), done.end()));
  CHECK(done.back() == all);
  CHECK(all == in.plan(Masked::structure, limit).tiles());
}
