// SPDX-License-Identifier: BSD-3-Clause
// The loss types on a pass of the (emulated) GPU: terms and output gradients beside the CPU's, also
// prepared beforehand and repeated as a graph.
#include <doctest/doctest.h>

#include <tessera/layers/activations.hpp>
#include <tessera/losses/bce.hpp>
#include <tessera/losses/bce_with_logits.hpp>
#include <tessera/losses/charbonnier.hpp>
#include <tessera/losses/hinge.hpp>
#include <tessera/losses/huber.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/losses/pconv_loss.hpp>
#include <tessera/losses/smooth_l1.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/network.hpp>
#include <tessera/tensor/transfer.hpp>

#include <tessera/kernels/cuda/composite.hpp>
#include <tessera/kernels/cuda/gram.hpp>
#include <tessera/kernels/cuda/pixel_loss.hpp>
#include <tessera/kernels/cuda/reduce.hpp>
#include <tessera/kernels/cuda/target_loss.hpp>
#include <tessera/kernels/cuda/total_variation.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Net = Network<Input<5, 7, 3>, Sigmoid>;
using Features = Network<Input<5, 7, 3>, Tanh, Tap<"one">, ELU<>, Tap<"two">, Sigmoid>;

/// One network on both devices, and truths.
template <class T>
struct Sides {
  Model<Net, Cpu, T> cpu_model{Seed{1}, Context<Cpu>{1}};
  Model<Net, Cuda, T> gpu_model{Seed{1}};
  Pass<Cpu, T> cpu;
  Pass<Cuda, T> gpu;
  TwinView<T> x, t;
  Twin<std::uint8_t> hole;

  explicit Sides(int batch = 2, bool gradients = true)
      : cpu(cpu_model.pass({.batch = batch, .gradients = gradients})),
        gpu(gpu_model.pass({.batch = batch, .gradients = gradients})),
        x(gpu.context(), batch, 5, 7, 3, 0, 1),
        t(gpu.context(), batch, 5, 7, 3, 0, 2),
        hole(gpu.context(), std::vector<std::uint8_t>(static_cast<std::size_t>(batch) * 35)) {
    for (std::size_t p = 0; p < hole.host.size(); ++p) hole.host[p] = p % 5 < 2 || p % 7 == 3;
    for (T& v : t.numbers.host) v = (v + T(1)) / T(2);
    hole.upload();
    t.numbers.upload();
    kernels::copy(cpu.context(), x.cpu(), cpu.input());
    kernels::copy(gpu.context(), x.gpu(), gpu.input());
    cpu.forward();
    gpu.forward();
    clear();
  }
  void clear() {
    if (!cpu.output_gradient()) return;
    cpu.zero_gradients();
    gpu.zero_gradients();
  }
  Truth<T> cpu_truth() { return {t.cpu(), {hole.host.data(), cpu.batch(), 5, 7}}; }
  Truth<T> gpu_truth() { return {t.gpu(), {hole.device.data(), cpu.batch(), 5, 7}}; }

  /// Terms and gradients are the same.
  void check(const LossTerms& a, const LossTerms& b, double units = 64) {
    REQUIRE(a.terms().size() == b.terms().size());
    REQUIRE(!b.terms().empty());
    const double tolerance = units * unit<T>;
    for (std::size_t i = 0; i < a.terms().size(); ++i) {
      CHECK(a.terms()[i].name == b.terms()[i].name);
      CHECK(a.terms()[i].value == doctest::Approx(b.terms()[i].value).epsilon(tolerance));
      CHECK(b.terms()[i].value != 0);
    }
    CHECK(a.total() == doctest::Approx(b.total()).epsilon(tolerance));
    if (!cpu.output_gradient()) return;
    const Tensor<T> g = to_host(gpu.context(), View<const T>(gpu.output_gradient()));
    const View<const T> expected = cpu.output_gradient();
    CHECK(distance(std::vector<T>(g.data(), g.data() + g.size()),
                   std::vector<T>(expected.data, expected.data + expected.size())) <= tolerance);
  }
  template <class A, class B>
  void check_loss(const A& on_gpu, const B& on_cpu) {
    for (int twice = 0; twice < 2; ++twice) {  // it adds to the gradient that is there
      LossTerms a, b;
      on_gpu(gpu, gpu_truth(), a, 0.7);
      on_cpu(cpu, cpu_truth(), b, 0.7);
      check(a, b);
    }
  }
  template <class C>
  void check_criterion(const C& criterion) {
    const auto call = [](const C& c, auto& pass) {
      LossTerms terms;
      c.real(pass, terms, 0.5);
      c.fake(pass, terms, 2);
      c.generator(pass, terms, 0.3);
      return terms;
    };
    check(call(criterion, gpu), call(criterion, cpu));
  }
};

template <class Device, class T>
auto features(const FeatureLossOptions& options) {
  return FeatureLoss(Model<Features, Device, T>(Seed{5}), options);
}
FeatureLossOptions both() {
  return {.taps = {{"one"}, {"two", 0.5}}, .perceptual = 0.05, .style = 120};
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: losses give the CPU's terms and gradients", T, float, double) {
  for (const bool gradients : {true, false}) {
    Sides<T> s(gradients ? 2 : 1, gradients);
    for (const Region region : {Region::whole, Region::hole, Region::valid})
      for (const MeanOver over : {MeanOver::region, MeanOver::image, MeanOver::nothing}) {
        s.clear();
        s.check_loss(MseLoss{region, over}, MseLoss{region, over});
        s.check_loss(L1Loss{region, over}, L1Loss{region, over});
        const HuberLoss huber{0.3, region, over};
        const SmoothL1Loss smooth{0.3, region, over};
        const CharbonnierLoss charbonnier{0.1, region, over};
        s.clear();
        s.check_loss(huber, huber);
        s.check_loss(smooth, smooth);
        s.check_loss(charbonnier, charbonnier);
      }
    s.check_loss(BceLoss{}, BceLoss{});
    s.check_loss(BceWithLogitsLoss{}, BceWithLogitsLoss{});
    s.check_loss(pconv_loss(), pconv_loss());
    s.clear();
    s.check_criterion(BceLoss{});
    s.check_criterion(BceWithLogitsLoss{});
    s.check_criterion(LsganLoss{});
    s.check_criterion(HingeLoss{});
  }
}

TEST_CASE_TEMPLATE("cuda: losses on features give the CPU's terms and gradients", T, float,
                   double) {
  std::vector<FeatureLossOptions> choices(5, both());
  choices[1].style = 0;
  choices[2].perceptual = 0;
  choices[2].composite = false;
  choices[3].form = StyleForm::squared;
  choices[3].merge_batch = true;
  choices[4].merge_batch = true;
  for (const FeatureLossOptions& options : choices) {
    Sides<T> s(options.style == 0 ? 1 : 2);
    s.check_loss(features<Cuda, T>(options), features<Cpu, T>(options));
  }
  Sides<T> without(1, false);
  without.check_loss(features<Cuda, T>(both()), features<Cpu, T>(both()));
}

TEST_CASE("cuda: all losses in one graph, prepared beforehand") {
  Sides<double> s;
  const auto gpu_loss = pconv_loss(Model<Features, Cuda, double>(Seed{5}), both()) +
                        MseLoss{Region::hole} + BceLoss{};
  const auto cpu_loss =
      pconv_loss(Model<Features, Cpu, double>(Seed{5}), both()) + MseLoss{Region::hole} + BceLoss{};
  LossTerms a, b, nothing;
  cuda::Engine& engine = s.gpu.context().engine();
  const auto step = [&] {
    s.gpu.zero_gradients();
    a.clear();
    gpu_loss(s.gpu, s.gpu_truth(), a, 1);
  };
  CHECK(describe_loss(gpu_loss) == describe_loss(cpu_loss));  // also the features' weights
  engine.prepare([&] { gpu_loss(s.gpu, s.gpu_truth(), nothing, 1); });
  const Tensor<double> g = to_host(s.gpu.context(), View<const double>(s.gpu.output_gradient()));
  for (const double v : g.span()) REQUIRE(v == 0);  // nothing has run
  cuda::runtime::Graph graph(engine.stream(), step);
  for (int repeat = 0; repeat < 2; ++repeat) {
    if (repeat) {  // other images, the same graph
      for (double& v : s.t.numbers.host) v = 1 - v;
      s.t.numbers.upload();
    }
    const auto pending = a;
    graph.launch(engine.stream());
    b.clear();
    s.cpu.zero_gradients();
    cpu_loss(s.cpu, s.cpu_truth(), b, 1);
    s.check(pending, b);
  }
}

TEST_CASE("cuda: what the CPU refuses is refused before the GPU gets work") {
  Sides<float> s;
  LossTerms terms;
  CHECK_THROWS_WITH_AS(L1Loss{Region::hole}(s.gpu, Truth<float>{s.t.gpu(), {}}, terms),
                       "l1_hole: a loss on holes or valid pixels needs a hole mask, got none",
                       ArgumentError);
  View<float> narrow = s.t.gpu();
  narrow.width = 6;
  CHECK_THROWS_WITH_AS(MseLoss{}(s.gpu, Truth<float>{narrow, {}}, terms),
                       "mse: the network's output is 2 of 5x7x3, the truth 2 of 5x6x3", ShapeError);
}
