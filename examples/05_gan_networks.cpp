// SPDX-License-Identifier: BSD-3-Clause
// Two networks against each other: a generator fills holes, a discriminator learns to tell its
// pictures from true ones, and each step trains both.
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include <tessera/data/loader.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/inference/masked_input.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/models/channelwise_block.hpp>
#include <tessera/models/patch_discriminator.hpp>
#include <tessera/network/describe.hpp>
#include <tessera/training/gan_step.hpp>

namespace ts = tessera;

constexpr ts::Window half = ts::kernel(4).stride(2).padding(1);

// PartialConv2d reads the known pixels alone, so what stands in the holes does not matter.
template <int In, int Out>
struct Down
    : ts::Sequential<ts::PartialConv2d<In, Out, half>, ts::BatchNorm2d<Out>, ts::LeakyReLU<>> {};
// ConvTranspose2d is a convolution turned round: each pixel of x is spread by the kernel over y,
// and the window that halves an image doubles it.
template <int In, int Out>
struct Up : ts::Sequential<ts::ConvTranspose2d<In, Out, half>, ts::BatchNorm2d<Out>, ts::ReLU> {};

// Initialized<rule, ...> draws the weights of a block by a rule, here N(0, 0.02) as in DCGAN; a
// layer outside has PyTorch's default. ChannelwiseFC multiplies each channel's whole map by a
// matrix of its own, so that every pixel sees every other; ChannelwiseBlock has dropout before it
// and batch norm and PReLU behind. It takes no mask: the plain 1x1 convolution ends it.
struct Body : ts::Sequential<Down<3, 24>, Down<24, 32>, ts::Conv2d<32, 32, ts::kernel(1)>,
                             ts::ChannelwiseBlock<"cfc", 32, 8, ts::probability(0.1)>, Up<32, 24>,
                             ts::ConvTranspose2d<24, 3, half>, ts::Sigmoid> {};
using Generator = ts::Network<ts::MaskedInput<32, 32, 3>, ts::Initialized<ts::dcgan, Body>>;

// PatchDiscriminator judges patches instead of the picture: each number of its output says of one
// patch whether it looks real. How large a patch is, its layers decide, and the compiler knows.
static_assert(ts::receptive_field<ts::PatchDiscriminator<6>> == 70);  // pix2pix's
static_assert(ts::receptive_field<ts::PatchDiscriminator<6, 16, 2>> == 34);
static_assert(ts::receptive_field<ts::PatchDiscriminator<3, 16, 1>> == 16);
// Ours sees the picture beside what the generator got: 3 + 3 channels, and patches of 16x16.
using Discriminator =
    ts::Network<ts::Inputs<ts::Input<32, 32, 3, "condition">, ts::Input<32, 32, 3, "image">>,
                ts::ConcatWith<"image">, ts::PatchDiscriminator<6, 16, 1>>;
static_assert(ts::output_shape<Generator> == ts::Shape{32, 32, 3});
static_assert(ts::output_shape<Discriminator> == ts::Shape{14, 14, 1});

/// Striped discs on a plain ground, a function of the index.
struct Discs {
  std::size_t size() const { return 128; }
  ts::Shape shape() const { return {32, 32, 3}; }
  void read(std::size_t index, ts::View<float> image) const {
    ts::RandomStream random(ts::Seed{1}, index);
    const double x = 32 * random.uniform(), y = 32 * random.uniform(), r = 6 + 8 * random.uniform();
    const double ground = 0.4 * random.uniform();
    for (int h = 0; h < 32; ++h)
      for (int w = 0; w < 32; ++w)
        for (int c = 0; c < 3; ++c)
          image(0, h, w, c) = static_cast<float>(
              std::hypot(w - x, h - y) < r ? 0.75 + 0.2 * std::sin(1.5 * w + c) : ground);
  }
};

/// Prints the terms of one step by name, unweighted, and their weighted sum.
void print(const char* network, const ts::LossTerms& terms) {
  std::printf("  %s %.4f =", network, terms.total());
  for (const auto& [name, value] : terms.terms())
    std::printf("  %.*s %.4f", static_cast<int>(name.size()), name.data(), value);
}

int main() try {
  ts::Model<Generator> generator(ts::Seed{1});
  ts::Model<Discriminator> discriminator(ts::Seed{2});
  // pix2pix's losses and optimisers: 100 l1 + adversarial for the generator. LsganLoss wants 1 from
  // the discriminator for true pictures and 0 for others; BceWithLogitsLoss{} may stand here too.
  const int batch_size = 16;
  const ts::Adam adam{.learning_rate = 1e-3, .beta1 = 0.5};
  ts::GanStep step(generator, discriminator, 100.0 * ts::L1Loss{}, ts::LsganLoss{}, adam, adam,
                   {.batch = batch_size});

  ts::Loader loader(ts::with_masks(Discs{}, ts::RectangleMask{8, 8, 16, 16}),
                    ts::LoaderOptions::training(batch_size, ts::Seed{3}));
  ts::Batch batch = loader.make_batch();
  std::vector<double> l1;  // of each epoch
  for (std::uint64_t epoch = 1; epoch <= 12; ++epoch) {
    l1.push_back(0);
    const ts::GanTerms* terms = nullptr;
    for (loader.start_epoch(epoch); loader.next(batch);) {
      ts::write_masked(step.generator_pass(), batch.images(), batch.holes());
      terms = &step({batch.images(), batch.holes()});  // throws where a loss is not finite
      l1.back() += terms->generator.value("l1") / static_cast<double>(loader.batches());
    }
    std::printf("epoch %2d", static_cast<int>(epoch));
    print("generator", terms->generator);
    print("discriminator", terms->discriminator);
    std::printf("\n");
  }
  std::printf("mean l1 %.4f in the first epoch, %.4f in the last\n", l1.front(), l1.back());
  return l1.back() < 0.6 * l1.front() ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "05_gan_networks: %s\n", error.what());
  return 1;
}
