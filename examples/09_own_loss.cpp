// SPDX-License-Identifier: BSD-3-Clause
// A loss of your own, in one text for the CPU and for a GPU: written down, its derivative checked
// against differences, and trained with, on holes alone and added to another loss.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#if defined(TESSERA_PROGRAM_CUDA) || defined(TESSERA_CUDA_EMULATE)
#include <tessera/cuda.hpp>
#endif
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/loss_text.hpp>
#include <tessera/training/trainer.hpp>

namespace ts = tessera;

// clang-format off
// log cosh(s d) / s of d = y - t: squares near the truth, |d| far from it. Settings with their
// defaults come first, all doubles. The text is compiled for vectors of numbers, so it chooses by
// select(condition, a, b); a GPU compiles the same text.
TESSERA_LOSS(LogCosh, (sharpness = 1),
  template <class T> T error(T y, T t) const {
    T d = abs(y - t), s = constant<T>(sharpness);
    return d + (log1p(exp(T(-2) * s * d)) - constant<T>(0.69314718055994530942)) / s;
  }
  template <class T> T derivative(T y, T t) const {
    return tanh(constant<T>(sharpness) * (y - t));
  })
// clang-format on

/// The text on plain numbers: the largest error of its derivative against differences.
double derivative_error() {
  const LogCosh::Function f;
  double worst = 0;
  for (double y = -3; y <= 3; y += 0.37) {
    const double difference = (f.error(y + 1e-5, 0.4) - f.error(y - 1e-5, 0.4)) / 2e-5;
    worst = std::max(worst, std::abs(difference - f.derivative(y, 0.4)));
  }
  return worst;
}

using Net =
    ts::Network<ts::MaskedInput<16, 16, 3>, ts::PartialConv2d<3, 8, ts::kernel(3).padding(1)>,
                ts::ReLU, ts::PartialConv2d<8, 3, ts::kernel(3).padding(1)>, ts::Sigmoid>;

/// Trains on images of one colour each; whether the loss falls to half.
template <class Device>
bool train(const ts::Context<Device>& context) {
  std::printf("training on: %s\n", context.describe().c_str());
  ts::Buffer<std::uint8_t> pixels(64 * 16 * 16 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(4 * (i / 768) + 60 * (i % 3));
  const auto data =
      ts::with_masks(ts::ImageSet({16, 16, 3}, std::move(pixels)), ts::RectangleMask{4, 4, 8, 8});
  // Every such loss has a region, a mean and a name, as MseLoss has.
  const auto loss = 6.0 * LogCosh{.sharpness = 4, .region = ts::Region::hole} +
                    ts::L1Loss{.region = ts::Region::valid};
  ts::Model<Net, Device> model(ts::Seed{1}, context);
  ts::Trainer trainer(model, loss, ts::Adam{.learning_rate = 1e-2});
  const auto first = trainer.fit(data, {.epochs = 1, .batch_size = 8}).losses;
  const auto last = trainer.fit(data, {.epochs = 8, .batch_size = 8}).losses;
  for (std::size_t i = 0; i < last.size(); ++i)  // loss, log_cosh_hole, l1_valid
    std::printf("%-14s %.4f -> %.4f\n", last[i].first.c_str(), first[i].second, last[i].second);
  return last[0].second < 0.5 * first[0].second;
}

int main() try {
  const double error = derivative_error();
  std::printf("derivative against differences: largest error %.1e\n", error);
  bool good = error < 1e-8 && train(ts::Context<ts::Cpu>::standard());
#if defined(TESSERA_PROGRAM_CUDA) || defined(TESSERA_CUDA_EMULATE)
  if (ts::cuda::runtime::device_count() > 0) good &= train(ts::Context<ts::Cuda>::standard());
#endif
  return good ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "09_own_loss: %s\n", error.what());
  return 1;
}
