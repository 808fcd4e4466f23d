// SPDX-License-Identifier: BSD-3-Clause
// Several passes of one model at once, as adversarial training needs: real and fake through the
// discriminator, the generator through a discriminator that is not trained.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/network/model.hpp>
#include <tessera/tensor/tensor.hpp>

#include "../gradient_checks.hpp"

using namespace tessera;

namespace {

constexpr Window same = kernel(3).same(), half = kernel(3).stride(2).same();
struct Level
    : SkipConcat<Conv2d<4, 6, half>, BatchNorm2d<6>, LeakyReLU<>, SkipConcat<>, Upsample2d<2>> {};
using Generator = Network<Input<8, 8, 3>, Conv2d<3, 4, same>, BatchNorm2d<4>, LeakyReLU<>, Level,
                          Residual<Conv2d<16, 16, same>>, Conv2d<16, 3, same>, Tanh>;
using Discriminator =
    Network<Inputs<Input<8, 8, 3, "condition">, Input<8, 8, 3, "image">>, ConcatWith<"image">,
            Conv2d<6, 4, half>, BatchNorm2d<4>, LeakyReLU<>, Tap<"style">, Conv2d<4, 1, same>>;

using V = View<const double>;
void normal(View<double> view, std::uint64_t seed) {
  RandomStream random(Seed{seed}, 0);
  for (std::ptrdiff_t i = 0; i < view.size(); ++i) view.data[i] = random.normal();
}
void copy(V from, View<double> to) {
  for (std::ptrdiff_t p = 0; p < from.pixels(); ++p)
    std::copy_n(from.pixel(p), from.channels, to.pixel(p));
}
void add(V from, View<double> to) {
  for (std::ptrdiff_t p = 0; p < from.pixels(); ++p)
    for (int c = 0; c < from.channels; ++c) to.pixel(p)[c] += from.pixel(p)[c];
}
double dot(V a, V b) {
  double sum = 0;
  for (std::ptrdiff_t p = 0; p < a.pixels(); ++p)
    for (int c = 0; c < a.channels; ++c) sum += a.pixel(p)[c] * b.pixel(p)[c];
  return sum;
}
/// Every parameter's gradient against differences of `loss`.
template <class Net, class Loss>
void expect_gradients(Model<Net, Cpu, double>& model, const Loss& loss) {
  testing::expect_gradient(model.parameters(), model.gradients(), loss, 1e-6, 1e-5, 256);
}

constexpr int batch = 3;
struct Fixture {
  Model<Generator, Cpu, double> g{Seed{1}};
  Model<Discriminator, Cpu, double> d{Seed{2}};
  Pass<Cpu, double> generated = g.pass({.batch = batch});
  Tensor<double> x{batch, {8, 8, 3}}, truth{batch, {8, 8, 3}}, probe{batch, {4, 4, 1}},
      style{batch, {4, 4, 4}};
  Fixture() {
    normal(x, 3);
    normal(truth, 4);
    normal(probe, 5);
    normal(style, 6);
  }
  void generate() {
    copy(x, generated.input());
    generated.forward();
  }
  void judge(Pass<Cpu, double>& pass, V image) {
    copy(x, pass.input(0));
    copy(image, pass.input(1));
    pass.forward();
  }
};

}  // namespace

TEST_CASE("generator step: through a discriminator without parameter gradients, and a tap") {
  Fixture f;
  auto fake = f.d.pass({.batch = batch,
                        .parameter_gradients = false,
                        .input_gradients = true,
                        .keep = {"style"},
                        .inject = {"style"}});
  const auto loss = [&] {
    f.generate();
    f.judge(fake, f.generated.output());
    return dot(fake.output(), f.probe) + dot(fake.tap("style"), f.style);
  };
  loss();
  fake.zero_gradients();
  add(f.probe, fake.output_gradient());
  add(f.style, fake.tap_gradient("style"));
  std::fill(f.d.gradients().begin(), f.d.gradients().end(), 7.0);
  fake.backward();
  f.generated.zero_gradients();
  add(fake.input_gradient(1), f.generated.output_gradient());
  f.g.zero_gradients();
  f.generated.backward();
  for (const double v : f.d.gradients()) REQUIRE(v == 7);  // untouched
  expect_gradients(f.g, loss);
}

TEST_CASE("discriminator step: two live passes of one model, one loss over both") {
  Fixture f;
  auto real = f.d.pass({.batch = batch}), fake = f.d.pass({.batch = batch});
  f.generate();
  const auto loss = [&] {
    f.judge(real, f.truth);
    f.judge(fake, f.generated.output());
    double sum = 0;
    for (std::ptrdiff_t i = 0; i < real.output().size(); ++i)
      sum += std::tanh(real.output().data[i] * fake.output().data[i]);
    return sum;
  };
  loss();
  real.zero_gradients();
  fake.zero_gradients();
  for (std::ptrdiff_t i = 0; i < real.output().size(); ++i) {
    const double a = real.output().data[i], b = fake.output().data[i], t = std::tanh(a * b);
    real.output_gradient().data[i] += (1 - t * t) * b;
    fake.output_gradient().data[i] += (1 - t * t) * a;
  }
  f.d.zero_gradients();
  real.backward();
  fake.backward();
  expect_gradients(f.d, loss);
}

TEST_CASE("running statistics follow the passes in the order of their forward") {
  Fixture f;
  auto real = f.d.pass({.batch = batch}), fake = f.d.pass({.batch = batch});
  f.generate();
  f.judge(real, f.truth);
  f.judge(fake, f.generated.output());
  CHECK(f.d.get("1.num_batches_tracked")[0] == 2);
}
