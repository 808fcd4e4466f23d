// SPDX-License-Identifier: BSD-3-Clause
// An optimiser of your own, in one text for the CPU and for a GPU: Lion (arXiv 2302.06675), written
// down, checked against a plain loop, and trained with.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#if defined(TESSERA_PROGRAM_CUDA) || defined(TESSERA_CUDA_EMULATE)
#include <tessera/cuda.hpp>
#endif
#include <tessera/data/rectangle_masks.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/optimizers/optimizer_text.hpp>
#include <tessera/training/trainer.hpp>

namespace ts = tessera;

// clang-format off
// Settings with their defaults, learning_rate among them; then what each step computes from them
// and its number t (here nothing); then the update of one parameter w with its gradient g, and a
// number for each buffer of the optimiser. Checkpoints and schedules know it without more.
TESSERA_OPTIMIZER(Lion, (learning_rate = 1e-4, beta1 = 0.9, beta2 = 0.99, weight_decay = 0), (),
  template <class T> void update(T& w, T g, T& m) const {
    T c = constant<T>(beta1) * m + constant<T>(1 - beta1) * g;
    T sign = select(c > T(0), T(1), select(c < T(0), T(-1), T(0)));
    w = w - constant<T>(learning_rate) * (sign + constant<T>(weight_decay) * w);
    m = constant<T>(beta2) * m + constant<T>(1 - beta2) * g;
  })
// clang-format on

/// Ten steps beside a plain loop in double: the largest difference.
double difference() {
  const Lion lion{.learning_rate = 0.01, .weight_decay = 0.1};
  std::vector<double> w{0.5, -1, 2}, m(3), expected = w, momentum(3);
  double* const buffers[] = {m.data()};
  for (int t = 1; t <= 10; ++t) {
    const std::vector<double> g{std::sin(t), 0.3 * t - 1, -w[2]};
    for (std::size_t i = 0; i < g.size(); ++i) {
      const double c = 0.9 * momentum[i] + 0.1 * g[i];
      expected[i] -= 0.01 * ((c > 0) - (c < 0) + 0.1 * expected[i]);
      momentum[i] = 0.99 * momentum[i] + 0.01 * g[i];
    }
    ts::kernels::optimizer_step(ts::Context<ts::Cpu>{}, g.size(), w.data(), g.data(), buffers,
                                ts::step_of(lion, t, 1), 1);
  }
  double worst = 0;
  for (std::size_t i = 0; i < w.size(); ++i) worst = std::max(worst, std::abs(w[i] - expected[i]));
  return worst;
}

using Net =
    ts::Network<ts::MaskedInput<16, 16, 3>, ts::PartialConv2d<3, 8, ts::kernel(3).padding(1)>,
                ts::ReLU, ts::PartialConv2d<8, 3, ts::kernel(3).padding(1)>, ts::Sigmoid>;

/// Trains on images of one colour each; whether the error falls to half.
template <class Device>
bool train(const ts::Context<Device>& context) {
  std::printf("training on: %s\n", context.describe().c_str());
  ts::Buffer<std::uint8_t> pixels(64 * 16 * 16 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(4 * (i / 768) + 60 * (i % 3));
  const auto data =
      ts::with_masks(ts::ImageSet({16, 16, 3}, std::move(pixels)), ts::RectangleMask{4, 4, 8, 8});
  ts::Model<Net, Device> model(ts::Seed{1}, context);
  ts::Trainer trainer(model, ts::MseLoss{}, Lion{.learning_rate = 3e-3});
  std::printf("%s\n", trainer.optimizer().algorithm().describe().c_str());
  const double first = trainer.fit(data, {.epochs = 1, .batch_size = 8}).losses[0].second;
  const double last = trainer.fit(data, {.epochs = 8, .batch_size = 8}).losses[0].second;
  std::printf("loss %.4f -> %.4f\n", first, last);
  return last < 0.5 * first;
}

int main() try {
  const double worst = difference();
  std::printf("ten steps against a plain loop: largest difference %.1e\n", worst);
  bool good = worst < 1e-14 && train(ts::Context<ts::Cpu>::standard());
#if defined(TESSERA_PROGRAM_CUDA) || defined(TESSERA_CUDA_EMULATE)
  if (ts::cuda::runtime::device_count() > 0) good &= train(ts::Context<ts::Cuda>::standard());
#endif
  return good ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "10_own_optimizer: %s\n", error.what());
  return 1;
}
