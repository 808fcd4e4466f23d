// SPDX-License-Identifier: BSD-3-Clause
// Losses are added and weighted like numbers. A loss of your own may read any value of the network
// by its Tap, and pull on it there: written out, checked against differences, and trained with.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include <tessera/data/masks.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/losses/pconv_loss.hpp>
#include <tessera/training/trainer.hpp>

namespace ts = tessera;
using ts::operator*, ts::operator+;  // found by themselves only where a loss is the library's own

// Tap gives a value a label and costs nothing. Here: what the network knows of the image, its code.
constexpr ts::Window w3 = ts::kernel(3).padding(1);
using Net = ts::Network<ts::MaskedInput<32, 32, 3>, ts::PartialConv2d<3, 16, w3>,
                        ts::BatchNorm2d<16>, ts::LeakyReLU<>, ts::PartialConv2d<16, 16, w3>,
                        ts::Tap<"code">, ts::LeakyReLU<>, ts::Conv2d<16, 3, w3>, ts::Sigmoid>;

/// The mean square of a tap a: loss = sum a^2 / elements,  da += weight * 2 a / elements.
struct Energy {
  std::string tap;

  /// Before a pass is made: `keep` lets the tap be read after the forward, `inject` lets its
  /// gradient be added to.
  void prepare(ts::PassOptions& options) const {
    options.keep.push_back(tap);
    options.inject.push_back(tap);
  }
  std::string describe() const { return "energy(" + tap + ")"; }  // for checkpoints and reports
  /// `weight` is the product of all factors in front; it is for the gradient, not for the report.
  template <class Device, class T>
  void operator()(ts::Pass<Device, T>& pass, const ts::Truth<T>&, ts::LossTerms& terms,
                  double weight = 1) const {
    const ts::View<const T> a = pass.tap(tap);  // [N, H, W, C]
    const ts::View<T> da = pass.tap_gradient(tap);
    const double elements = static_cast<double>(a.size());
    double sum = 0;
    for (std::ptrdiff_t p = 0; p < a.pixels(); ++p)
      for (int c = 0; c < a.channels; ++c) {
        sum += static_cast<double>(a.pixel(p)[c]) * static_cast<double>(a.pixel(p)[c]);
        da.pixel(p)[c] += static_cast<T>(weight * 2 / elements) * a.pixel(p)[c];  // never =
      }
    terms.add("energy", sum / elements, weight);
  }
};

/// A loss's gradients of some parameters against central differences, in double: the largest error.
double gradient_error(auto loss) {
  ts::Model<Net, ts::Cpu, double> model(ts::Seed{1});
  ts::PassOptions options{.batch = 2};
  ts::prepare_loss(loss, options);
  auto pass = model.pass(options);
  const auto value = [&] {
    ts::RandomStream random(ts::Seed{2}, 0);
    std::generate_n(pass.input().data, pass.input().size(), [&] { return random.uniform(); });
    std::fill_n(pass.input_valid().data, pass.input_valid().size(), std::uint8_t{1});
    pass.forward();
    pass.zero_gradients();
    ts::LossTerms terms;
    loss(pass, {}, terms);
    return terms.total();
  };
  value();
  model.zero_gradients();
  pass.backward();
  double worst = 0;
  for (std::size_t i = 0; i < model.parameters().size(); i += 97) {
    double& w = model.parameters()[i];
    w += 1e-5;
    const double above = value();
    w -= 2e-5;
    worst = std::max(worst, std::abs((above - value()) / 2e-5 - model.gradients()[i]));
    w += 1e-5;
  }
  return worst;
}

// Perceptual and style losses compare the taps of a frozen network. In earnest it is
// models::Vgg16FeatureNet<> with torchvision's weights; here a small one at random.
using Features = ts::Network<ts::Input<32, 32, 3>, ts::Conv2d<3, 8, w3>, ts::ReLU, ts::Tap<"fine">,
                             ts::Conv2d<8, 16, w3.stride(2)>, ts::ReLU, ts::Tap<"coarse">>;

int main() try {
  const double error = gradient_error(3.0 * Energy{"code"});
  std::printf("gradient against differences: largest error %.1e\n", error);
  // What pconv_loss(features) is short for, [liu2018]'s, each term by the name it is reported
  // under; the energy comes on top. FeatureLoss reports "perceptual" and "style".
  const ts::FeatureLoss features(
      ts::Model<Features>(ts::Seed{9}),
      {.taps = {{"fine"}, {"coarse"}}, .perceptual = 0.05, .style = 120});
  const auto loss = 1.0 * ts::L1Loss{ts::Region::valid, ts::MeanOver::image, "valid"} +
                    6.0 * ts::L1Loss{ts::Region::hole, ts::MeanOver::image, "hole"} +
                    0.1 * ts::TotalVariationLoss{} + features + 0.01 * Energy{"code"};
  ts::Model<Net> model(ts::Seed{1});
  ts::Trainer trainer(model, loss, ts::Adam{.learning_rate = 5e-3});
  ts::Buffer<std::uint8_t> pixels(96 * 32 * 32 * 3);  // 96 images of stripes, five pixels wide
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i / 15 % 2 ? 128 : 100 * (i % 3));
  const auto data = ts::with_masks(ts::ImageSet({32, 32, 3}, std::move(pixels)), ts::LineMasks{});
  const auto first = trainer.fit(data, {.epochs = 1, .batch_size = 16}).losses;
  const auto last = trainer.fit(data, {.epochs = 5, .batch_size = 16}).losses;
  // Terms are means over an epoch, unweighted; "loss" is their weighted sum, what is minimised.
  bool fell = true;
  for (std::size_t i = 0; i < last.size(); ++i) {
    std::printf("%-10s %.5f -> %.5f\n", last[i].first.c_str(), first[i].second, last[i].second);
    fell &= last[i].second < 0.9 * first[i].second;
  }
  return fell && error < 1e-6 ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "07_losses_and_taps: %s\n", error.what());
  return 1;
}
