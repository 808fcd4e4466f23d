// SPDX-License-Identifier: BSD-3-Clause
// Every documented system's loss on fixed tensors, in double, against PyTorch's float64 values,
// which are given with ten digits. The tensors' rule is golden/golden.hpp's: "input" and "target"
// [2, 3, 32, 32], scores "d_real" and "d_fake" [2, 1, 4, 4] and feature maps "fa.convN", "fb.convN"
// [2, 6, 5, 5], all 0.5 + 0.5 v; the holes are those of 32x32 images.
#include <doctest/doctest.h>

#include <tessera/layers/avg_pool2d.hpp>
#include <tessera/losses/bce.hpp>
#include <tessera/losses/bce_with_logits.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/losses/pconv_loss.hpp>

#include "../golden/golden.hpp"
#include "fixture.hpp"

using namespace tessera;
using namespace tessera::test;

namespace {

double unit(double v, int = 0, int = 0, int = 0) { return 0.5 + 0.5 * v; }

struct Golden {
  nlohmann::json want = golden::load("losses", "losses");
  LossFixture<> images{2, 32, 32};
  LossFixture<double, 1> real{2, 4, 4}, fake{2, 4, 4};

  Golden() {
    golden::fill_view(make_view(images.x.data(), 2, {32, 32, 3}), "input", unit);
    golden::fill_view(images.images.view(), "target", unit);
    golden::fill_view(make_view(real.x.data(), 2, {4, 4, 1}), "d_real", unit);
    golden::fill_view(make_view(fake.x.data(), 2, {4, 4, 1}), "d_fake", unit);
    for (int n = 0; n < 2; ++n)
      for (int h = 0; h < 32; ++h)
        for (int w = 0; w < 32; ++w)
          images.hole[static_cast<std::size_t>((n * 32 + h) * 32 + w)] = golden::hole(32, n, h, w);
  }

  template <class C>
  double on_real(const C& c) {
    return real.with_pass([&](LossTerms& t) { c.real(real.pass, t); }).total();
  }
  template <class C>
  double on_fake(const C& c) {
    return fake.with_pass([&](LossTerms& t) { c.fake(fake.pass, t); }).total();
  }
  template <class C>
  double generator(const C& c) {
    return fake.with_pass([&](LossTerms& t) { c.generator(fake.pass, t); }).total();
  }
  void check(const char* name, double got) const { check(name, got, want.at(name)); }
  static void check(const char* name, double got, double wanted) {
    CHECK_MESSAGE(std::abs(got - wanted) <= 1e-8 * std::abs(wanted), name, ": expected ", wanted,
                  ", got ", got);
  }
};

// clang-format off
TESSERA_POINTWISE(Square,
  template <class T> T forward(T x) const { return x * x; }
  template <class T> T derivative(T x, T) const { return T(2) * x; })
// clang-format on

/// [avgpool2(x), avgpool4(x^2)], in place of VGG's taps.
struct ToyFeatures {
  static constexpr Value lower(auto& b, Value x) {
    const Value mean = b.add(AvgPool2d<2>{}, x);
    b.mark(mean, "mean");
    const Value square = b.add(AvgPool2d<4>{}, b.add(Square{}, x));
    b.mark(square, "square");
    return square;
  }
};
using Toy = Model<Network<Input<32, 32, 3>, ToyFeatures>, Cpu, double>;

}  // namespace

TEST_CASE("dmd_gan: L1 summed over holes, least squares") {
  Golden g;
  const L1Loss sum{Region::hole, MeanOver::nothing};
  const double reconstruction = g.images.call(sum).total();
  g.check("reconstruct_l1_sum", reconstruction);
  g.check("g_loss_dmd", 0.999 * reconstruction + 0.001 * g.generator(LsganLoss{}));
  g.check("d_loss_dmd", g.on_real(LsganLoss{}) + g.on_fake(LsganLoss{}));
}

TEST_CASE("g14_gan: L1, least squares") {
  Golden g;
  g.check("g_loss_g14", 0.999 * g.images.call(L1Loss{}).total() + 0.001 * g.generator(LsganLoss{}));
  g.check("d_loss_g14", 0.5 * g.on_real(LsganLoss{}) + 0.5 * g.on_fake(LsganLoss{}));
}

TEST_CASE("pix2pix: L1, cross entropy of logits") {
  Golden g;
  const BceWithLogitsLoss bce;
  g.check("g_loss_pix2pix", g.generator(bce) + 100 * g.images.call(L1Loss{}).total());
  g.check("d_loss_pix2pix", 0.5 * (g.on_real(bce) + g.on_fake(bce)));
}

TEST_CASE("context encoders: MSE, cross entropy over both halves") {
  Golden g;
  const BceLoss bce;
  g.check("d_loss_ctx", 0.5 * (g.on_real(bce) + g.on_fake(bce)));
  // The generator's labels are flipped: the generated are real, and the real generated.
  const double real_as_fake =
      g.real.with_pass([&](LossTerms& t) { bce.fake(g.real.pass, t); }).total();
  g.check("g_loss_ctx", 0.999 * g.images.call(MseLoss{}).total() +
                            0.001 * 0.5 * (g.generator(bce) + real_as_fake));
}

TEST_CASE("the style of AlexNet's activations, for each image and for the batch") {
  Golden g;
  for (const bool merge : {false, true}) {
    const FeatureLossOptions options = alexnet_style(merge);
    double style = 0;
    for (const FeatureTap& tap : options.taps) {
      Tensor<double> a(2, {5, 5, 6}), b(2, {5, 5, 6});
      golden::fill_view(a.view(), "fa." + tap.label, unit);
      golden::fill_view(b.view(), "fb." + tap.label, unit);
      std::vector<std::byte> workspace(feature_workspace<double>(2, a.shape(), merge));
      style += tap.weight * style_term(Context<Cpu>{1}, options.form, options.merge_batch, a, b, 1,
                                       View<double>{}, workspace.data());
    }
    g.check(merge ? "style_alexnet_merged" : "style_alexnet", style);
  }
}

TEST_CASE("pconv_unet: all five terms, and their gradient") {
  Golden g;
  FeatureLossOptions options = liu_features();
  options.taps = {{"mean"}, {"square"}};
  const auto loss = pconv_loss(Toy(Seed{1}, Context<Cpu>{1}), options);
  const LossTerms terms = g.images.call(loss);
  for (const auto& [name, value] : g.want.at("pconv_parts").items()) {
    double got = std::nan("");
    for (const auto& t : terms.terms())
      if (t.name == name) got = t.value;
    Golden::check(name.c_str(), got, value);
  }
  g.check("pconv_total", terms.total());
  // The gradient of all 6144 elements along one direction.
  const std::vector<double> gradient = g.images.gradient(), x = g.images.x;
  const std::vector<double> direction = golden::values("direction", x.size());
  std::vector<double> step(1), slope(1);
  for (std::size_t k = 0; k < x.size(); ++k) slope[0] += gradient[k] * direction[k];
  testing::expect_gradient(
      step, slope,
      [&] {
        for (std::size_t k = 0; k < x.size(); ++k) g.images.x[k] = x[k] + step[0] * direction[k];
        return g.images.call(loss).total();
      },
      1e-6, 1e-7);
}

TEST_CASE("the root of the mean squared error over holes") {
  Golden g;
  g.check("rmse_hole", std::sqrt(g.images.call(MseLoss{Region::hole}).total()));
}
