// SPDX-License-Identifier: BSD-3-Clause
// Transfer learning: a generator whose encoder begins with AlexNet's published weights. They are
// loaded and frozen while the decoder is trained, then everything is fine-tuned.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <tessera/data/masks.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/models/alexnet_features.hpp>
#include <tessera/network/initialized.hpp>
#include <tessera/network/published_names.hpp>
#include <tessera/training/trainer.hpp>

namespace ts = tessera;

// A block named "features" has torchvision's names, so that its file fits: features.0.weight, ...
// AlexNet was trained on ImageNet's photographs, normalised; a layer without name or parameters
// in front does that. At 64x64 pixels the encoder ends with 1x1x256.
template <int In, int Out, ts::Window W = ts::kernel(4).stride(2).padding(1)>
struct Up : ts::Sequential<ts::ConvTranspose2d<In, Out, W>, ts::BatchNorm2d<Out>, ts::ReLU> {};
struct Decoder
    : ts::Sequential<Up<256, 64, ts::kernel(4)>, Up<64, 48>, Up<48, 32>, Up<32, 16>,
                     ts::ConvTranspose2d<16, 3, ts::kernel(4).stride(2).padding(1)>, ts::Sigmoid> {
};
using Generator =
    ts::Network<ts::Input<64, 64, 3>, ts::Normalize<ts::imagenet>,
                ts::Named<"features", ts::models::AlexNetFeatures>, ts::Named<"decoder", Decoder>>;
static_assert(ts::output_shape<Generator> == ts::Shape{64, 64, 3});

/// Writes a file as torchvision lays it out: convolutions under "features", fully connected layers
/// under "classifier". The real one is torchvision.models.alexnet(weights="IMAGENET1K_V1"), turned
/// into safetensors as docs/weights.md shows; this one has random weights, by the rule `he`.
void write_published(const char* path) {
  using AlexNet =
      ts::Network<ts::Input<64, 64, 3>,
                  ts::Initialized<ts::he, ts::Named<"features", ts::models::AlexNetFeatures>>,
                  ts::Flatten, ts::Named<"classifier", ts::Named<"1", ts::Linear<256, 10>>>>;
  ts::Model<AlexNet>(ts::Seed{1}).save(path);
}

/// Slanted gradients between two colours, a function of the index.
struct Gradients {
  std::size_t size() const { return 96; }
  ts::Shape shape() const { return {64, 64, 3}; }
  void read(std::size_t index, ts::View<float> image) const {
    ts::RandomStream random(ts::Seed{5}, index);
    const double slope = random.uniform(), from[3] = {random.uniform(), 0.2, random.uniform()},
                 to[3] = {random.uniform(), 0.8, random.uniform()};
    for (int h = 0; h < 64; ++h)
      for (int w = 0; w < 64; ++w)
        for (int c = 0; c < 3; ++c) {
          const double t = (slope * w + (1 - slope) * h) / 63;
          image(0, h, w, c) = static_cast<float>((1 - t) * from[c] + t * to[c]);
        }
  }
};

/// The trained values of a block, to see whether they move.
template <ts::FixedString Block>
std::vector<float> values(ts::Model<Generator>& model) {
  const auto trained = model.part<Block>().trained;
  return {trained.begin(), trained.end()};
}

/// Trains with a new optimiser; returns the mean absolute error afterwards, in evaluation mode.
double train(ts::Model<Generator>& model, double learning_rate, int epochs) {
  const auto data = ts::with_masks(Gradients{}, ts::RectangleMask{20, 20, 24, 24});
  ts::Trainer trainer(model, ts::L1Loss{}, ts::Adam{.learning_rate = learning_rate});
  trainer.test_on(data);
  return trainer.fit(data, {.epochs = epochs, .batch_size = 16}).test->l1;
}

int main() try {
  write_published("alexnet.safetensors");

  // The part "features" is read, the classifier left alone; a missing or misshaped tensor throws.
  ts::Model<Generator> model(ts::Seed{7});
  const ts::LoadReport report = model.load("alexnet.safetensors", ts::torchvision_features());
  std::printf("loaded %zu tensors, from %s to %s\n", report.loaded.size(),
              report.loaded.front().c_str(), report.loaded.back().c_str());

  // 1. The encoder is frozen: no gradients, no update, and less work in each step.
  model.freeze("features");
  const auto encoder = values<"features">(model), decoder = values<"decoder">(model);
  const double trained = train(model, 3e-3, 10);
  const bool kept = values<"features">(model) == encoder;
  const bool moved = values<"decoder">(model) != decoder;
  std::printf("frozen      l1 %.4f, encoder %s, decoder %s\n", trained,
              kept ? "the same bits" : "CHANGED", moved ? "trained" : "THE SAME");

  // 2. Everything, with a lower learning rate. Batch norms keep the statistics they have learnt;
  // a prefix, such as "decoder.1", would choose some of them, "" is all.
  model.freeze("features", false);
  model.freeze_statistics("");
  const auto means = model.get("decoder.1.running_mean");
  const double tuned = train(model, 3e-5, 4);
  const bool tuned_encoder = values<"features">(model) != encoder;
  const bool same_means = model.get("decoder.1.running_mean") == means;
  std::printf("fine-tuned  l1 %.4f, encoder %s, running means %s\n", tuned,
              tuned_encoder ? "trained" : "THE SAME", same_means ? "the same bits" : "CHANGED");
  return kept && moved && tuned_encoder && same_means && trained < 0.15 && tuned < 0.15 ? 0 : 1;
} catch (const ts::Error& error) {
  std::fprintf(stderr, "06_transfer_learning: %s\n", error.what());
  return 1;
}
