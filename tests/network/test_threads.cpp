// SPDX-License-Identifier: BSD-3-Clause
// The number of threads changes no bit: outputs, gradients, statistics and parameters.
#include <doctest/doctest.h>

#include <cstring>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/optimizers/optimizer.hpp>

using namespace tessera;

namespace {

template <int In, int Out, int Stride = 1>
struct Module : Sequential<PartialConv2d<In, Out, kernel(3).stride(Stride).same()>,
                           BatchNorm2d<Out>, LeakyReLU<>> {};
using Net = Network<MaskedInput<24, 20, 3>, Module<3, 17>,
                    SkipConcat<Module<17, 33, 2>, SkipConcat<>, Upsample2d<2>>, Module<83, 16>,
                    PartialConv2d<16, 3, kernel(3).same()>, Sigmoid>;

/// Everything a few training steps leave behind.
template <class T>
std::vector<T> train(int threads) {
  constexpr int batch = 5;
  Model<Net, Cpu, T> model(Seed{1}, Context<Cpu>{threads});
  Optimizer optimizer(model, Adam{.learning_rate = 1e-2, .weight_decay = 1e-3});
  auto pass = model.pass({.batch = batch, .input_gradients = true});
  Tensor<T> truth(batch, pass.output().shape());
  std::vector<std::uint8_t> hole(static_cast<std::size_t>(truth.view().pixels()));
  const auto loss = MseLoss{} + 0.5 * L1Loss{.region = Region::hole};
  std::vector<T> seen;
  const auto keep = [&](const T* data, std::size_t n) { seen.insert(seen.end(), data, data + n); };
  for (std::uint64_t step = 0; step < 3; ++step) {
    RandomStream random(Seed{2}, step);
    const View<T> x = pass.input();
    for (std::ptrdiff_t i = 0; i < x.size(); ++i) x.data[i] = static_cast<T>(random.uniform());
    for (std::size_t i = 0; i < hole.size(); ++i) {
      hole[i] = random.uniform() < 0.3;
      pass.input_valid().data[i] = !hole[i];
    }
    pass.forward();
    pass.zero_gradients();
    LossTerms terms;
    loss(pass, Truth<T>{truth.view(), make_hole_view(hole.data(), truth.batch(), truth.shape())},
         terms);
    seen.push_back(static_cast<T>(terms.total()));
    keep(pass.output().data, static_cast<std::size_t>(pass.output().size()));
    model.zero_gradients();
    pass.backward();
    keep(pass.input_gradient().data, static_cast<std::size_t>(x.size()));
    keep(model.gradients().data(), model.gradients().size());
    optimizer.step(1, optimizer.clip_scale(0.1));
    keep(model.parameters().data(), model.parameters().size());
    keep(model.statistics().data(), model.statistics().size());
  }
  return seen;
}

template <class T>
void check_threads() {
  const auto one = train<T>(1);
  for (const T v : one) REQUIRE(std::isfinite(v));
  for (const int threads : {2, 3, 7}) {
    const auto other = train<T>(threads);
    REQUIRE(other.size() == one.size());
    CHECK(std::memcmp(other.data(), one.data(), one.size() * sizeof(T)) == 0);
  }
}

}  // namespace

TEST_CASE("1, 2, 3 and 7 threads give the same bits in float") { check_threads<float>(); }
TEST_CASE("1, 2, 3 and 7 threads give the same bits in double") { check_threads<double>(); }
