// SPDX-License-Identifier: BSD-3-Clause
// Quickstart: a network as a type, trained on masked images; then it fills holes, is saved and
// loaded.
//   01_quickstart [FOLDER]     FOLDER holds CIFAR-10's binary version; without it, images are made
#include <tessera/tessera.hpp>

namespace ts = tessera;
using namespace ts::literals;

/// Smooth 32x32 images: a gradient between two colours, and three soft blobs over it.
ts::ImageSet made_images(std::size_t count, ts::Seed seed) {
  const ts::Shape shape{32, 32, 3};
  ts::Buffer<std::uint8_t> pixels(count * static_cast<std::size_t>(shape.size()));
  std::uint8_t* out = pixels.data();
  for (std::size_t image = 0; image < count; ++image) {
    ts::RandomStream random(seed, image);  // image i of a seed is always the same
    double colour[5][3], x[3], y[3], radius[3];
    for (auto& c : colour)
      for (double& channel : c) channel = random.uniform();
    for (int b = 0; b < 3; ++b) {
      x[b] = 32 * random.uniform();
      y[b] = 32 * random.uniform();
      radius[b] = 3 + 6 * random.uniform();
    }
    const double slope_x = random.uniform() / 32, slope_y = (1 - slope_x * 32) / 32;
    for (int h = 0; h < 32; ++h)
      for (int w = 0; w < 32; ++w)
        for (int c = 0; c < 3; ++c) {
          const double t = slope_x * w + slope_y * h;
          double value = (1 - t) * colour[0][c] + t * colour[1][c];
          for (int b = 0; b < 3; ++b) {
            const double d2 = (w - x[b]) * (w - x[b]) + (h - y[b]) * (h - y[b]);
            const double share = std::exp(-d2 / (2 * radius[b] * radius[b]));
            value += share * (colour[2 + b][c] - value);
          }
          *out++ = static_cast<std::uint8_t>(255 * value + 0.5);
        }
  }
  return {shape, std::move(pixels)};
}

/// The first `count` images and holes over them, as a user may have them: images [N, H, W, C] in
/// [0, 1], holes [N, H, W] where 1 is missing.
auto sample(const ts::ImageSet& data, std::size_t count) {
  xt::xtensor<float, 4> images({count, 32, 32, 3});
  xt::xtensor<std::uint8_t, 3> holes({count, 32, 32});
  for (std::size_t i = 0; i < count; ++i) {
    ts::RandomStream random(ts::Seed{2}, i);
    data.read(i, ts::make_view(&images(i, 0, 0, 0), 1, data.shape()));
    ts::LineMasks{}.draw(random, {&holes(i, 0, 0), 1, 32, 32});
  }
  return std::pair(images, holes);
}

void print(const ts::EpochReport& report) {
  std::printf("epoch %d/%d  loss %.4f  %.0f images per second\n", report.epoch, report.epochs,
              report.loss(), report.images_per_second);
}

// A module of the network: partial convolution, batch norm, activation.
template <int In, int Out, int Stride = 1>
struct Module : ts::Sequential<ts::PartialConv2d<In, Out, ts::kernel(3).stride(Stride).padding(1)>,
                               ts::BatchNorm2d<Out>, ts::LeakyReLU<>> {};
// Down to half the size, through the inner layers, up again, and beside the input: a U-Net's level.
template <int C, class... Inner>
struct Level : ts::SkipConcat<Module<C, C, 2>, Inner..., ts::Upsample2d<2>> {};

struct L4 : ts::Sequential<Module<128, 256>, Level<256>, Module<512, 256>, Module<256, 128>> {};
struct L3 : ts::Sequential<Module<64, 128>, Level<128, L4>, Module<256, 128>, Module<128, 64>> {};
struct L2 : ts::Sequential<Module<32, 64>, Level<64, L3>, Module<128, 64>, Module<64, 32>> {};
using Net = ts::Network<ts::MaskedInput<32, 32, 3>, Module<3, 32>, Level<32, L2>, Module<64, 32>,
                        ts::PartialConv2d<32, 3, ts::kernel(3).padding(1)>, ts::Sigmoid>;

static_assert(ts::output_shape<Net> == ts::Shape{32, 32, 3});
static_assert(ts::parameter_count<Net> == 3'130'947);
static_assert(ts::training_memory<Net>(/*batch*/ 100) < 512_MiB);

int main(int argc, char** argv) try {
  const auto data = argc > 1 ? ts::Cifar10(argv[1]).train().take(2000) : made_images(200, {1});

  ts::Model<Net, ts::Cpu> model(ts::Seed{7});
  ts::Trainer trainer(model, ts::MseLoss{}, ts::Adam{.learning_rate = 1e-2});
  trainer.fit(ts::with_masks(data, ts::LineMasks{}),
              {.epochs = 3, .batch_size = 20, .on_epoch = print});

  const auto [images, holes] = sample(data, 8);
  const xt::xtensor<float, 4> restored = model.inpaint(images, holes);  // xtensor in, xtensor out
  model.save("quickstart.safetensors");

  double error = 0, grey = 0, elements = 0;  // beside the error of holes filled with grey
  for (std::size_t i = 0; i < images.size(); ++i)
    if (holes.data()[i / 3]) {
      error += std::pow(restored.data()[i] - images.data()[i], 2);
      grey += std::pow(0.5 - images.data()[i], 2);
      ++elements;
    }
  std::printf("mean squared error in the holes: %.4f restored, %.4f grey\n", error / elements,
              grey / elements);

  ts::Model<Net, ts::Cpu> copy;
  copy.load("quickstart.safetensors");
  const bool same = copy.inpaint(images, holes) == restored;
  std::printf("saved and loaded: %s\n", same ? "the same bits" : "DIFFERENT");
  return same ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
  return 1;
}
