// SPDX-License-Identifier: BSD-3-Clause
// A model on the (emulated) GPU: state, passes, what is compiled beforehand, and the sentence where
// there is no GPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include <tessera/inference/session.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/pointwise.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/model.hpp>
#include <tessera/tensor/transfer.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

TESSERA_POINTWISE(
    Cube, template <class T> T forward(T x) const { return x * x * x; } template <class T>
          T derivative(T x, T) const { return constant<T>(3) * x * x; })

using Net =
    Network<Input<5, 7, 3>, Residual<LeakyReLU<>, Tanh>, SkipConcat<Sigmoid>, Pointwise<Cube>>;

/// Output and input gradient of one training step on these numbers.
template <class Device, class T>
std::pair<Tensor<T>, Tensor<T>> run(Pass<Device, T>& pass) {
  Tensor<T> x(2, {5, 7, 3}), g(2, {5, 7, 6});
  std::ranges::copy(random_numbers<T>(x.size(), 1), x.data());
  std::ranges::copy(random_numbers<T>(g.size(), 2), g.data());
  to_device(pass.context(), x, pass.input());
  pass.forward();
  Tensor<T> y = to_host(pass.context(), pass.output());  // its memory may be used again
  pass.zero_gradients();
  to_device(pass.context(), g, pass.output_gradient());
  pass.backward();
  return {std::move(y), to_host(pass.context(), pass.input_gradient())};
}
template <class T>
std::vector<T> numbers(const Tensor<T>& t) {
  return {t.data(), t.data() + t.size()};
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: a small network gives the CPU's values and gradients", T, float, double) {
  Model<Net, Cpu, T> a;
  Model<Net, Cuda, T> b;
  for (const bool poison : {false, true}) {
    const PassOptions options{.batch = 2, .input_gradients = true, .poison_dead_buffers = poison};
    Pass<Cpu, T> pa = a.pass(options);
    Pass<Cuda, T> pb = b.pass(options);
    const auto [ya, dxa] = run(pa);
    const auto [yb, dxb] = run(pb);
    CHECK(std::isfinite(ya.data()[0]));
    CHECK(std::isfinite(dxa.data()[0]));
    CHECK(distance(numbers(yb), numbers(ya)) <= 16 * unit<T>);
    CHECK(distance(numbers(dxb), numbers(dxa)) <= 64 * unit<T>);
  }
}

TEST_CASE("cuda: a pass compiles its kernels before the first step") {
  Model<Net, Cuda> model;
  Pass<Cuda, float> pass = model.pass({.batch = 2, .input_gradients = true});
  const std::size_t made = model.context().engine().kernels();
  CHECK(made > 5);
  run(pass);
  CHECK(model.context().engine().kernels() == made);
}

TEST_CASE("cuda: where there is no GPU a model says so") {
#ifdef TESSERA_CUDA_EMULATE
  cuda::runtime::no_device = true;
  CHECK_THROWS_WITH_AS((Model<Net, Cuda>()),
                       "no GPU can be used: no NVIDIA driver was found; use the CPU instead (Cpu, "
                       "--device cpu)",
                       DeviceError);
  cuda::runtime::no_device = false;
#endif
  CHECK_THROWS_AS(Context<Cuda>(15), DeviceError);
  CHECK_THROWS_AS(Context<Cuda>(-1), ArgumentError);
}

TEST_CASE("cuda: models of one thread share a stream, so that their work is in order") {
  Model<Net, Cuda> a, b;
  CHECK(&a.context().engine() == &b.context().engine());
}

TEST_CASE("cuda: precisions have names") {
  for (const Precision p : cuda::precisions) CHECK(cuda::precision_of(cuda::name(p)) == p);
  CHECK_THROWS_WITH_AS(cuda::precision_of("fp8"),
                       "precision: expected float32, tf32 or bf16, got \"fp8\"", ArgumentError);
  CHECK(Context<Cuda>(0, Precision::tf32).describe().find("products in tf32") != std::string::npos);
}

TEST_CASE("cuda: a session works on the model's GPU and in its precision, in another thread too") {
#ifdef TESSERA_CUDA_EMULATE
  cuda::runtime::devices = 3;
  const std::vector<int> gpus{0, 2};
#else
  const std::vector<int> gpus{0};
#endif
  using Product = Network<Input<6, 6, 3>, Conv2d<3, 8, kernel(3).same()>>;
  for (const int gpu : gpus)
    for (const Precision precision : cuda::precisions) {
      const Context<Cuda> own(gpu, precision, Convolutions::own);
      Model<Product, Cuda> model(Seed{1}, own);
      const PassOptions options{.batch = 2, .mode = Mode::evaluate, .gradients = false};
      const auto restored = [&](auto& of) {
        Pass<Cuda, float> pass = of.pass(options);
        Tensor<float> x(2, {6, 6, 3});
        std::ranges::copy(random_numbers<float>(x.size(), 1), x.data());
        to_device(pass.context(), x, pass.input());
        pass.forward();
        return numbers(to_host(pass.context(), pass.output()));
      };
      const auto expected = restored(model);
      auto session = model.session();
      CHECK(session.context().engine().device().number == gpu);
      CHECK(session.context().precision == precision);
      CHECK(session.context().convolutions == Convolutions::own);
      CHECK(restored(session) == expected);
      std::vector<float> elsewhere;
      model.context().engine().synchronize();
      std::thread([&] {
        auto other = model.session();
        elsewhere = restored(other);
      }).join();
      CHECK(elsewhere == expected);
#ifdef TESSERA_CUDA_EMULATE
      const Context<Cuda> wrong(1);
      CHECK_THROWS_WITH_AS(
          model.session(wrong),
          text({"session: the weights are on GPU ", gpu, ", the context is of GPU 1"}).c_str(),
          ArgumentError);
#endif
    }
#ifdef TESSERA_CUDA_EMULATE
  CHECK_THROWS_WITH_AS(Context<Cuda>(3), "there is no GPU 3: expected 0 to 2", DeviceError);
  cuda::runtime::devices = 1;
#endif
}
