// SPDX-License-Identifier: BSD-3-Clause
// The trainer: the loss falls, the same seed gives the same bits on any number of threads, files
// and metrics, errors.
#include <doctest/doctest.h>

#include <cstring>

#include <tessera/data/loader.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/training/trainer.hpp>

#include "../temporary_folder.hpp"

using namespace tessera;
using testing::TemporaryFolder;

namespace {

constexpr Window same = kernel(3).padding(1);
using Net = Network<
    MaskedInput<8, 6, 3>, Named<"enc", PartialConv2d<3, 8, same>, BatchNorm2d<8>>, LeakyReLU<>,
    SkipConcat<PartialConv2d<8, 8, kernel(3).stride(2).padding(1)>, LeakyReLU<>, Upsample2d<2>>,
    Named<"dec", PartialConv2d<16, 3, same>>, Sigmoid>;

/// Smooth ramps, each of its own colours.
ImageSet ramps(std::size_t count) {
  Buffer<std::uint8_t> bytes(count * 8 * 6 * 3);
  RandomStream random(Seed{1}, 0);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < 3; ++c) {
      const int a = random.integer(0, 100), b = random.integer(0, 10), d = random.integer(0, 10);
      for (int h = 0; h < 8; ++h)
        for (int w = 0; w < 6; ++w)
          bytes[((i * 8 + static_cast<std::size_t>(h)) * 6 + static_cast<std::size_t>(w)) * 3 + c] =
              static_cast<std::uint8_t>(a + b * h + d * w);
    }
  return ImageSet(Shape{8, 6, 3}, std::move(bytes));
}
const auto data = with_masks(ramps(40), LineMasks{.max_lines = 2});

struct Trained {
  std::vector<EpochReport> reports;
  std::vector<float> state;
};
Trained train(int threads, Seed seed, FitOptions options = {.epochs = 3, .batch_size = 8}) {
  Model<Net> model(Seed{5}, Context<Cpu>{threads});
  Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 1e-2});
  Trained t;
  options.seed = seed;
  options.on_epoch = [&](const EpochReport& r) { t.reports.push_back(r); };
  trainer.fit(data, options);
  t.state.assign(model.parameters().begin(), model.parameters().end());
  t.state.insert(t.state.end(), model.statistics().begin(), model.statistics().end());
  return t;
}
bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
std::string error_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("the loss falls, and the report tells") {
  const Trained t = train(1, Seed{1}, {.epochs = 20, .batch_size = 12});
  REQUIRE(t.reports.size() == 20);
  const EpochReport &first = t.reports.front(), &last = t.reports.back();
  CHECK(last.losses[0].second < 0.5 * first.losses[0].second);
  CHECK(first.epoch == 1);
  CHECK(first.step == 3);  // 40 samples, 3 whole batches of 12
  CHECK(last.epoch == 20);
  CHECK(last.epochs == 20);
  CHECK(last.step == 60);
  CHECK(last.losses[0].first == "loss");
  CHECK(last.losses[1].first == "mse");
  CHECK(last.losses[0].second == last.losses[1].second);
  CHECK(last.learning_rate == 1e-2);
  CHECK(last.seconds > 0);
  CHECK(last.images_per_second > 0);
  CHECK(!last.test);
}

TEST_CASE("the same seed gives the same bits, on any number of threads; another one others") {
  const Trained a = train(1, Seed{1}), b = train(1, Seed{1}), two = train(2, Seed{1}),
                other = train(1, Seed{2});
  CHECK(same_bits(a.state, b.state));
  CHECK(same_bits(a.state, two.state));
  CHECK(!same_bits(a.state, other.state));
}

TEST_CASE("test metrics after each epoch; they do not change the training") {
  Model<Net> model(Seed{5}, Context<Cpu>{1});
  Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 1e-2});
  std::vector<Metrics> metrics;
  const auto test = with_masks(ramps(7), LineMasks{});
  const EpochReport report = trainer.fit(
      data, test,
      {.epochs = 3, .batch_size = 8, .seed = Seed{1}, .on_epoch = [&](const EpochReport& r) {
         REQUIRE(r.test);
         metrics.push_back(*r.test);
       }});
  REQUIRE(metrics.size() == 3);
  const Metrics again = evaluate(model, test, Seed{12345}, 3);
  CHECK(report.test->mse == doctest::Approx(again.mse).epsilon(1e-6));
  CHECK(report.test->hole_mse == doctest::Approx(again.hole_mse).epsilon(1e-6));
  std::vector<float> state(model.parameters().begin(), model.parameters().end());
  state.insert(state.end(), model.statistics().begin(), model.statistics().end());
  CHECK(same_bits(state, train(1, Seed{1}).state));
}

TEST_CASE("clipping and a schedule take part") {
  const Trained plain = train(1, Seed{1});
  CHECK(!same_bits(train(1, Seed{1}, {.epochs = 3, .batch_size = 8, .clip_norm = 1e-3}).state,
                   plain.state));
  const Trained s =
      train(1, Seed{1}, {.epochs = 3, .batch_size = 8, .schedule = Schedule::step(1, 0.1)});
  CHECK(s.reports[0].learning_rate == doctest::Approx(1e-2));
  CHECK(s.reports[2].learning_rate == doctest::Approx(1e-4));
}

TEST_CASE("model.safetensors is written, and reads back equal") {
  const TemporaryFolder folder;
  Model<Net> model(Seed{5}), loaded;
  Trainer trainer(model, MseLoss{} + 2.0 * L1Loss{.region = Region::hole}, Sgd{});
  trainer.fit(data, {.batch_size = 40, .out = folder / "run"});
  loaded.load(folder / "run" / "model.safetensors");
  for (const auto& t : model.tensors()) CHECK(model.get(t.name) == loaded.get(t.name));
}

TEST_CASE("a model in double trains too") {
  Model<Net, Cpu, double> model(Seed{5});
  Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 1e-2});
  const double first = trainer.fit(data, {.batch_size = 20}).losses[0].second;
  CHECK(trainer.fit(data, {.epochs = 10, .batch_size = 20}).losses[0].second < first);
}

TEST_CASE("errors are sentences") {
  Model<Net> model;
  Trainer trainer(model, MseLoss{}, Adam{});
  CHECK(error_of([&] { trainer.fit(data, {.batch_size = 41}); }) ==
        "Loader: expected at least one whole batch of 41 images, got 40 images");
  CHECK(error_of([&] { trainer.fit(data, {.epochs = 0}); }) ==
        "fit: expected at least 1 epoch, got 0");
  const auto wrong = with_masks(ImageSet(Shape{6, 8, 3}, Buffer<std::uint8_t>(144)), LineMasks{});
  CHECK(error_of([&] { trainer.fit(wrong, {.batch_size = 1}); }) ==
        "fit: the network takes images of 8x6x3, the data set has 6x8x3");
  CHECK(error_of([&] { trainer.fit(data, wrong, {.batch_size = 1}); }) ==
        "fit: the network takes images of 8x6x3, the data set has 6x8x3");
  CHECK(error_of([&] {
          auto pass = model.pass({.gradients = false});
          Loader loader(wrong, LoaderOptions::evaluation(1, Seed{1}));
          Batch batch = loader.make_batch();
          evaluate(pass, loader, batch);
        }) == "evaluate: the network takes images of 8x6x3, the data set has 6x8x3");
  model.parameters()[0] = std::numeric_limits<float>::infinity();
  CHECK(error_of([&] { trainer.fit(data, {.batch_size = 8}); }) ==
        "training stopped: the loss is not finite at step 0 (epoch 1)");
}
