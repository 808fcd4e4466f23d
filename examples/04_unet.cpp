// SPDX-License-Identifier: BSD-3-Clause
// A U-Net of partial convolutions, composed level by level and checked by the compiler; beside it
// the published one, from models/. The small one is then trained until it fills holes.
#include <cmath>
#include <cstdio>

#include <tessera/data/masks.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/models/pconv_unet.hpp>
#include <tessera/network/describe.hpp>
#include <tessera/training/trainer.hpp>

namespace ts = tessera;
using namespace ts::literals;

// PartialConv2d convolves the known pixels of its window alone, rescales by how many they are, and
// calls a pixel known from there on if its window saw one: the hole shrinks from layer to layer.
// Named opens a scope of names, those that weight files have: enc1.conv.weight, enc1.bn.bias.
template <ts::FixedString Name, int In, int Out, int Stride = 1>
struct Module
    : ts::Named<Name,
                ts::Named<"conv", ts::PartialConv2d<In, Out, ts::kernel(3).stride(Stride).same()>>,
                ts::Named<"bn", ts::BatchNorm2d<Out>>, ts::LeakyReLU<>> {};

// A level: down to half the size, through the levels below, up again, beside what came in (the
// skip), and a module over both. SkipConcat concatenates the features and their masks.
template <ts::FixedString Enc, ts::FixedString Dec, int In, int Wide, int Out, class... Below>
struct Level : ts::Sequential<ts::SkipConcat<Module<Enc, In, Wide, 2>, Below..., ts::Upsample2d<2>>,
                              Module<Dec, Wide + In, Out>> {};

// Levels nest as types do. Each struct is a name of its own, which keeps compiler messages short.
struct L3 : Level<"enc3", "dec3", 32, 64, 32> {};
struct L2 : Level<"enc2", "dec2", 16, 32, 16, L3> {};
struct L1 : Level<"enc1", "dec1", 3, 16, 16, L2> {};
struct Last : ts::Named<"out", ts::Conv2d<16, 3, ts::kernel(1)>> {};  // a plain one ends the mask
using Net = ts::Network<ts::MaskedInput<32, 32, 3>, L1, Last, ts::Sigmoid>;
using Published = ts::models::PConvUNet;  // [liu2018]: eight levels, 512 channels at the bottom

// What must hold of a network, said where it is defined: a wrong number does not compile.
static_assert(ts::output_shape<Net> == ts::Shape{32, 32, 3});
static_assert(ts::output_mask<Net>.count == 0);
static_assert(ts::parameter_count<Net> == 61'347);
static_assert(ts::training_memory<Net>(/*batch*/ 16) < 16_MiB);
static_assert(ts::output_shape<Published> == ts::Shape{256, 256, 3});
static_assert(ts::parameter_count<Published> == 32'865'236);

// A level alone is a network too: the hole that dec1 leaves has one plane for all its channels.
static_assert(ts::output_mask<ts::Network<ts::MaskedInput<32, 32, 3>, L1>> ==
              ts::MaskGroups{1, {16}});

/// A data set is a type with these three members: `read` writes image `index` `[1, H, W, C]`.
/// Here soft waves, a function of the seed and the index.
struct Waves {
  ts::Seed seed;

  std::size_t size() const { return 160; }
  ts::Shape shape() const { return {32, 32, 3}; }
  void read(std::size_t index, ts::View<float> image) const {
    ts::RandomStream random(seed, index);
    const double x = random.uniform() - 0.5, y = random.uniform() - 0.5,
                 at = 6.3 * random.uniform();
    for (int h = 0; h < image.height; ++h)
      for (int w = 0; w < image.width; ++w)
        for (int c = 0; c < image.channels; ++c)
          image(0, h, w, c) = static_cast<float>(0.5 + 0.4 * std::sin(x * w + y * h + at + c));
  }
};
static_assert(ts::Dataset<Waves>);

/// One row of the comparison.
template <class Network>
void print(const char* name) {
  const auto mebibytes = [](std::size_t bytes) { return static_cast<double>(bytes) / 1_MiB; };
  std::printf("%-9s %8lld parameters, %5.1f MiB to train on one image, %5.1f MiB to run\n", name,
              static_cast<long long>(ts::parameter_count<Network>),
              mebibytes(ts::training_memory<Network>(1)),
              mebibytes(ts::inference_memory<Network>(1)));
}

int main() try {
  print<Net>("Net");
  print<Published>("Published");

  ts::Model<Net> model(ts::Seed{1});
  const ts::LineMasks lines{.min_lines = 3, .max_lines = 6, .min_thickness = 2, .max_thickness = 4};
  // [liu2018] weighs the hole six times, as most of an image is known and easily repeated.
  const auto loss = ts::L1Loss{ts::Region::valid} + 6.0 * ts::L1Loss{ts::Region::hole};
  ts::Trainer trainer(model, loss, ts::Adam{.learning_rate = 5e-3});
  trainer.test_on(ts::with_masks(Waves{ts::Seed{2}}, lines));  // images it is not trained on

  double first = 0, last = 0;
  trainer.fit(ts::with_masks(Waves{ts::Seed{1}}, lines),
              {.epochs = 6, .batch_size = 16, .on_epoch = [&](const ts::EpochReport& report) {
                 last = report.test->hole_mse;
                 if (report.epoch == 1) first = last;
                 std::printf("epoch %d: mean squared error in the holes %.4f\n", report.epoch,
                             last);
               }});
  std::printf("the error fell to %.0f %% of the first epoch's\n", 100 * last / first);
  return last < 0.5 * first ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "04_unet: %s\n", error.what());
  return 1;
}
