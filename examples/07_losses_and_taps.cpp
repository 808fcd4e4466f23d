// SPDX-License-Identifier: BSD-3-Clause
// Losses are added and weighted like numbers. A loss of your own may read any value of the network
// by its Tap, and pull on it there: written out, checked against differences, and trained with.
#include <cstdio>
#include <string>
#include <utility>

#include <tessera/data/function_images.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/losses/pconv_loss.hpp>
#include <tessera/testing/loss_check.hpp>
#include <tessera/training/trainer.hpp>

namespace ts = tessera;
using ts::operator*, ts::operator+;  // found by themselves only where a loss is the library's own

// Tap gives a value a label and costs nothing. Here: what the network knows of the image, its code.
constexpr ts::Window w3 = ts::kernel(3).same();
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

// Perceptual and style losses compare the taps of a frozen network. In earnest it is
// models::Vgg16FeatureNet<> with torchvision's weights; here a small one at random.
using Features = ts::Network<ts::Input<32, 32, 3>, ts::Conv2d<3, 8, w3>, ts::ReLU, ts::Tap<"fine">,
                             ts::Conv2d<8, 16, w3.stride(2)>, ts::ReLU, ts::Tap<"coarse">>;

int main() try {
  // A loss on the output alone needs no network: loss_check(my_loss). This one reads a tap.
  const auto check =
      ts::testing::loss_check<Net>(3.0 * Energy{"code"}, {.batch = 1, .inputs = {{6, 5, 3}}});
  std::printf("%s\n", check.text().c_str());
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
  const ts::FunctionImages stripes(  // five pixels wide
      {32, 32, 3}, 96, [](std::size_t i, int y, int x, int c) {
        return (1024 * i + static_cast<std::size_t>(32 * y + x)) / 5 % 2 ? 0.5 : 0.4 * c;
      });
  const auto data = ts::with_masks(stripes, ts::LineMasks{});
  const auto first = trainer.fit(data, {.epochs = 1, .batch_size = 16}).losses;
  const auto last = trainer.fit(data, {.epochs = 5, .batch_size = 16}).losses;
  // Terms are means over an epoch, unweighted; "loss" is their weighted sum, what is minimised.
  bool fell = true;
  for (std::size_t i = 0; i < last.size(); ++i) {
    std::printf("%-10s %.5f -> %.5f\n", last[i].first.c_str(), first[i].second, last[i].second);
    fell &= last[i].second < 0.9 * first[i].second;
  }
  return fell && check.passed() ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "07_losses_and_taps: %s\n", error.what());
  return 1;
}
