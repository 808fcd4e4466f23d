// SPDX-License-Identifier: BSD-3-Clause
// The trainer: the loss falls, the same seed gives the same bits on any number of threads, files,
// metrics and callbacks, a step allocates nothing, errors, steps that are refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>

#include <tessera/data/loader.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/network/weights.hpp>
#include <tessera/training/run_folder.hpp>
#include <tessera/training/stop_on_signals.hpp>
#include <tessera/training/trainer.hpp>

#include "../count_allocations.hpp"
#include "../support/error_of.hpp"
#include "../temporary_folder.hpp"

using namespace tessera;
using testing::error_of;
using testing::allocations;
using testing::TemporaryFolder;

namespace {

constexpr Window same = kernel(3).same();
using Net =
    Network<MaskedInput<8, 6, 3>, Named<"enc", PartialConv2d<3, 8, same>, BatchNorm2d<8>>,
            LeakyReLU<>,
            SkipConcat<PartialConv2d<8, 8, kernel(3).stride(2).same()>, LeakyReLU<>, Upsample2d<2>>,
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

/// Grey images whose first pixel is infinite.
struct InfiniteCorner {
  std::size_t size() const { return 16; }
  Shape shape() const { return {8, 6, 3}; }
  void read(std::size_t, View<float> image) const {
    std::fill_n(image.data, image.size(), 0.5f);
    image.data[0] = std::numeric_limits<float>::infinity();
  }
};

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
  trainer.test_on(test);
  const EpochReport report = trainer.fit(
      data, {.epochs = 3, .batch_size = 8, .seed = Seed{1}, .on_epoch = [&](const EpochReport& r) {
               REQUIRE(r.test);
               CHECK(!r.validation);
               CHECK(r.best_epoch == 0);
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
  CHECK(error_of([&] { trainer.test_on(wrong); }) ==
        "fit: the network takes images of 8x6x3, the data set has 6x8x3");
  CHECK(error_of([&] { trainer.validate_on(wrong); }) ==
        "fit: the network takes images of 8x6x3, the data set has 6x8x3");
  CHECK(error_of([&] { trainer.fit(data, {.resume = true}); }) ==
        "fit: to resume, FitOptions::out must name the folder to resume from");
  CHECK(error_of([&] {
          auto pass = model.pass({.gradients = false});
          Loader loader(wrong, LoaderOptions::evaluation(1, Seed{1}));
          Batch batch = loader.make_batch();
          evaluate(pass, loader, batch);
        }) == "evaluate: the network takes images of 8x6x3, the data set has 6x8x3");
}

TEST_CASE("best.safetensors is chosen by validation, not by the test set") {
  const TemporaryFolder folder;
  Model<Net> model(Seed{5}, Context<Cpu>{1}), best(Seed{1}), last(Seed{1});
  Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 0.3});  // too high: errors go up and down
  trainer.validate_on(with_masks(ramps(9), LineMasks{}), Seed{3});
  trainer.test_on(with_masks(ramps(5), LineMasks{}));
  std::vector<double> validation, test;
  std::vector<std::vector<float>> weights;
  const EpochReport report = trainer.fit(
      data, {.epochs = 8, .batch_size = 8, .out = folder.path(), .on_epoch = [&](const auto& r) {
               validation.push_back(r.validation->mse);
               test.push_back(r.test->mse);
               weights.push_back(model.get("enc.0.weight"));
               CHECK(r.history->rows == validation.size());
             }});
  const auto lowest = std::min_element(validation.begin(), validation.end());
  REQUIRE(report.best_epoch == lowest - validation.begin() + 1);
  REQUIRE(report.best_epoch < 8);  // or the files could not be told apart
  best.load(folder / "best.safetensors");
  last.load(folder / "model.safetensors");
  CHECK(best.get("enc.0.weight") == weights[static_cast<std::size_t>(report.best_epoch - 1)]);
  CHECK(last.get("enc.0.weight") == weights.back());
  CHECK(*report.history->find("validation_mse") == validation);
  CHECK(*report.history->find("test_mse") == test);
}

TEST_CASE("without a validation set there is no best.safetensors; metadata name the system") {
  const TemporaryFolder folder;
  Model<Net> model(Seed{5});
  Trainer trainer(model, MseLoss{}, Adam{});
  trainer.test_on(with_masks(ramps(5), LineMasks{}));
  trainer.fit(data, {.batch_size = 8, .out = folder.path(), .system = "ramps_net"});
  CHECK(!std::filesystem::exists(folder / "best.safetensors"));
  for (const char* name : {"model.safetensors", "checkpoint.safetensors"})
    CHECK(SafetensorsFile(folder / name).metadata().at("tessera.system") == "ramps_net");
}

TEST_CASE("on_step tells each step; samples are the evaluation set's first") {
  Model<Net> model(Seed{5});
  Trainer trainer(model, MseLoss{}, Sgd{.learning_rate = 0.5});
  const auto validation = with_masks(ramps(6), LineMasks{});
  trainer.validate_on(validation, Seed{9});
  std::vector<StepReport> steps;
  const EpochReport report =
      trainer.fit(data, {.epochs = 2,
                         .batch_size = 16,
                         .schedule = Schedule::step(1, 0.5),
                         .samples = 4,
                         .on_step = [&](const StepReport& r) { steps.push_back(r); }});
  REQUIRE(steps.size() == 4);  // two whole batches of 16 in 40 images, twice
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(steps[i].epoch == static_cast<int>(i / 2) + 1);
    CHECK(steps[i].epochs == 2);
    CHECK(steps[i].batch == i % 2 + 1);
    CHECK(steps[i].batches == 2);
    CHECK(steps[i].step == static_cast<std::int64_t>(i) + 1);
    CHECK(steps[i].learning_rate == doctest::Approx(i < 2 ? 0.5 : 0.25));
    CHECK(steps[i].images_per_second > 0);
  }
  CHECK((steps[2].loss + steps[3].loss) / 2 == doctest::Approx(report.losses[0].second));
  REQUIRE(report.samples);
  const Samples& samples = *report.samples;
  REQUIRE(samples.truth.batch() == 4);
  Loader loader(validation, LoaderOptions::evaluation(4, Seed{9}));
  Batch batch = loader.make_batch();
  loader.next(batch);
  CHECK(std::ranges::equal(samples.hole, batch.hole));
  bool filled = false;
  for (std::size_t i = 0; i < samples.truth.size(); ++i) {
    CHECK(samples.truth.data()[i] == batch.image.data()[i]);
    if (batch.hole[i / 3] == 0) CHECK(samples.restored.data()[i] == batch.image.data()[i]);
    else filled |= samples.restored.data()[i] != batch.image.data()[i];
  }
  CHECK(filled);
}

TEST_CASE("workers that read ahead change no bit") {
  CHECK(same_bits(train(1, Seed{1}, {.epochs = 3, .batch_size = 8, .workers = 3}).state,
                  train(1, Seed{1}).state));
}

TEST_CASE("a step allocates nothing") {
  Model<Net> model(Seed{5}, Context<Cpu>{1});
  Trainer trainer(model, MseLoss{} + 0.5 * L1Loss{.region = Region::hole}, Adam{});
  std::vector<long> counts;
  counts.reserve(100);
  trainer.fit(data, {.epochs = 2,
                     .batch_size = 8,
                     .clip_norm = 1,
                     .on_step = [&](const StepReport&) { counts.push_back(allocations); },
                     .stop = [] { return false; }});
  REQUIRE(counts.size() == 10);
  CHECK(allocations > 0);                                              // the count works
  for (std::size_t i = 2; i < 5; ++i) CHECK(counts[i] == counts[1]);   // within the first epoch
  for (std::size_t i = 6; i < 10; ++i) CHECK(counts[i] == counts[6]);  // and the second
}

TEST_CASE("a loss that is not finite stops the training and says where that began") {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::string start = "training stopped: the loss is not finite at step 0 (epoch 1): ";
  const auto error_with = [&](auto prepare, const auto& images) {
    Model<Net> model(Seed{5});
    prepare(model);
    const std::vector<float> before(model.parameters().begin(), model.parameters().end());
    Trainer trainer(model, MseLoss{}, Adam{});
    const std::string error = error_of([&] { trainer.fit(images, {.batch_size = 8}); });
    CHECK(std::memcmp(before.data(), model.parameters().data(), before.size() * 4) == 0);
    return error;
  };
  CHECK(error_with([&](auto& model) { model.parameters()[0] = infinity; }, data) ==
        start + "parameter enc.0.weight is not finite; the step before made it so");
  CHECK(error_with([](auto& model) { model.set("enc.1.weight", std::vector<float>(8, 3e38f)); },
                   data) == start + "it appeared first in the output of batch_norm2d \"enc.1\"");
  // The truth of all images is infinite in one corner; the mask decides whether the input is.
  const auto corner = [](RectangleMask mask) { return with_masks(InfiniteCorner{}, mask); };
  CHECK(error_with([](auto&) {}, corner({4, 3, 2, 2})) ==
        start + "the batch's images, the network's input, are not all finite");
  CHECK(error_with([](auto&) {}, corner({0, 0, 2, 2})) ==
        start + "the network's output is finite, the truth under the holes is not");
  Model<Net> model(Seed{5});
  Trainer trainer(model, 1e300 * (1e300 * MseLoss{}), Adam{});
  CHECK(error_of([&] { trainer.fit(data, {.batch_size = 8}); }) ==
        start + "the network's output is finite, the loss of it is not");
}

TEST_CASE("a training run that fails leaves the last good weights on the disk") {
  const TemporaryFolder folder;
  Model<Net> model(Seed{5}), loaded;
  Trainer trainer(model, MseLoss{}, Adam{});
  std::vector<float> good;
  const auto spoil = [&](const EpochReport& r) {
    if (r.epoch != 2) return;
    good = model.get("enc.0.weight");
    model.parameters()[0] = std::numeric_limits<float>::quiet_NaN();
  };
  CHECK(error_of([&] {
          trainer.fit(data,
                      {.epochs = 3, .batch_size = 20, .out = folder.path(), .on_epoch = spoil});
        }).starts_with("training stopped: the loss is not finite at step 4 (epoch 3): parameter"));
  loaded.load(folder / "model.safetensors");
  CHECK(loaded.get("enc.0.weight") == good);
}

namespace {

/// A network with all that a forward changes: running statistics, counters, dropout's count.
using Restless = Network<MaskedInput<8, 6, 3>, Named<"a", PartialConv2d<3, 8, same>>,
                         Named<"bn", BatchNorm2d<8>>, LeakyReLU<>, Dropout<probability(0.25)>,
                         Named<"b", PartialConv2d<8, 3, same>>, Named<"last", BatchNorm2d<3>>>;

/// All that a later step or evaluation depends on.
struct Everything {
  std::vector<float> numbers;
  std::vector<std::int64_t> counts;
  bool operator==(const Everything& other) const {
    return same_bits(numbers, other.numbers) && counts == other.counts;
  }
};
template <class M, class L, class A>
Everything everything(M& model, Trainer<M, L, A>& trainer) {
  Everything all;
  for (const auto span : {model.parameters(), model.statistics(), trainer.optimizer().buffer(0)})
    all.numbers.insert(all.numbers.end(), span.begin(), span.end());
  all.counts = {model.counter("bn.num_batches_tracked"), model.counter("last.num_batches_tracked"),
                static_cast<std::int64_t>(model.state().training_passes),
                trainer.optimizer().steps()};
  return all;
}

/// Ramps of which one pixel of each image is something else.
struct Spoilt {
  float value;
  ImageSet images = ramps(16);
  std::size_t size() const { return images.size(); }
  Shape shape() const { return images.shape(); }
  void read(std::size_t i, View<float> image) const {
    images.read(i, image);
    image.pixel(7)[1] = value;
  }
};

/// A loss that throws behind the forward, as one of a user may.
struct ThrowingLoss {
  bool* now;
  void prepare(PassOptions&) const {}
  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    if (*now) throw std::runtime_error("the loss threw");
    MseLoss{}(pass, truth, terms, weight);
  }
};

}  // namespace

TEST_CASE("a step that is refused leaves the model as it was: statistics, counters, dropout") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const RectangleMask known{4, 3, 2, 2}, hole{1, 0, 2, 3};  // pixel 7 is in row 1, column 1
  for (const float value : {nan, infinity, -infinity, 3e38f})
    for (const RectangleMask mask : {known, hole}) {
      CAPTURE(value);
      Model<Restless> model(Seed{5}), twin(Seed{5});
      Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 1e-2});
      Trainer undisturbed(twin, MseLoss{}, Adam{.learning_rate = 1e-2});
      const FitOptions options{.epochs = 2, .batch_size = 8, .seed = Seed{4}};
      trainer.fit(data, options);
      undisturbed.fit(data, options);
      const Everything before = everything(model, trainer);
      const auto bad = with_masks(Spoilt{value}, mask);
      // By fit, and by a step of the caller's.
      CHECK(error_of([&] {
              trainer.fit(bad, {.batch_size = 8});
            }).starts_with("training stopped: the loss is not finite at step 0 (epoch 1): "));
      CHECK(everything(model, trainer) == before);
      auto pass = trainer.make_pass(8);
      BatchInput<Cpu, float> input(model.context());
      Loader loader(bad, LoaderOptions::evaluation(8, Seed{1}));
      Batch batch = loader.make_batch();
      loader.next(batch);
      for (int i = 0; i < 2; ++i) {
        CHECK(error_of([&] { trainer.step(pass, input.write(pass, batch)); }) ==
              "step: the loss is not finite");
        CHECK(everything(model, trainer) == before);
      }
      const auto test = with_masks(ramps(7), LineMasks{});
      CHECK(std::isfinite(evaluate(model, test, Seed{1}, 7).mse));
      // What comes behind has the bits of a training run that never saw the batch.
      trainer.fit(data, options);
      undisturbed.fit(data, options);
      CHECK(everything(model, trainer) == everything(twin, undisturbed));
    }
}

TEST_CASE("weights that explode: statistics are those of the last step that was taken") {
  Model<Restless> model(Seed{5});
  Trainer trainer(model, MseLoss{}, Sgd{.learning_rate = 1e30, .momentum = 0.9});
  Everything last;
  const std::string error = error_of([&] {
    trainer.fit(data, {.epochs = 9, .batch_size = 8, .on_step = [&](const StepReport&) {
                         last = everything(model, trainer);
                       }});
  });
  CHECK(error.starts_with("training stopped: the loss is not finite at step "));
  REQUIRE(last.counts.size() == 4);
  CHECK(last.counts[0] >= 1);
  CHECK(everything(model, trainer) == last);
  CHECK(std::ranges::all_of(model.statistics(), [](float s) { return std::isfinite(s); }));
}

TEST_CASE("a step that throws leaves the model as it was") {
  bool now = false;
  Model<Restless> model(Seed{5});
  Trainer trainer(model, ThrowingLoss{&now}, Adam{});
  trainer.fit(data, {.batch_size = 8});
  const Everything before = everything(model, trainer);
  now = true;
  CHECK_THROWS_AS(trainer.fit(data, {.batch_size = 8}), std::runtime_error);
  CHECK(everything(model, trainer) == before);
}

TEST_CASE("a checkpoint from before a refused step is gone on from as if there had been none") {
  const TemporaryFolder folder;
  FitOptions options{.epochs = 2, .batch_size = 8, .seed = Seed{4}};
  Model<Restless> whole(Seed{5}), first(Seed{5}), second(Seed{6});
  Trainer a(whole, MseLoss{}, Adam{}), b(first, MseLoss{}, Adam{}), c(second, MseLoss{}, Adam{});
  a.fit(data, options);
  options.out = folder / "run";
  options.epochs = 1;
  b.fit(data, options);
  CHECK(error_of([&] {
          b.fit(with_masks(Spoilt{NAN}, RectangleMask{0, 0, 1, 1}), {.batch_size = 8});
        }) != "no error");
  b.fit(data, [&] {
    FitOptions rest = options;
    rest.epochs = 2, rest.resume = true;
    return rest;
  }());
  CHECK(everything(first, b) == everything(whole, a));
  options.epochs = 2, options.resume = true;
  c.fit(data, options);  // complete already: the files have it
  CHECK(everything(second, c) == everything(whole, a));
}

TEST_CASE("the measuring behind an epoch is told of, set by set") {
  Model<Net> model(Seed{1}, Context<Cpu>{1});
  Trainer trainer(model, MseLoss{}, Adam{});
  trainer.validate_on(with_masks(ramps(5), LineMasks{}));
  trainer.test_on(with_masks(ramps(9), LineMasks{}));
  std::string told;
  trainer.fit(with_masks(ramps(8), LineMasks{}),
              {.epochs = 1, .batch_size = 4, .on_evaluation = [&](const EvaluationReport& r) {
                 told += text({r.set, " ", r.done, "/", r.images, " of epoch ", r.epoch, "/",
                               r.epochs, "; "});
               }});
  CHECK(told ==
        "validation 4/5 of epoch 1/1; validation 5/5 of epoch 1/1; test 4/9 of epoch 1/1; "
        "test 8/9 of epoch 1/1; test 9/9 of epoch 1/1; ");
}

TEST_CASE("a report gives losses by name") {
  EpochReport report;
  CHECK(error_of([&] { report.loss(); }) ==
        "EpochReport: there is no loss \"loss\"; there are none");
  report.losses = {{"loss", 3}, {"mse", 1}, {"l1", 2}};
  CHECK(report.loss() == 3);
  CHECK(report.loss("l1") == 2);
  CHECK(error_of([&] { report.loss("l2"); }) ==
        "EpochReport: there is no loss \"l2\"; there are \"loss\", \"mse\", \"l1\"");
}

TEST_CASE("best_by chooses the best epoch by another figure") {
  const auto best_of = [](const char* figure, const auto& column) {
    const TemporaryFolder folder;
    Model<Net> model(Seed{5}, Context<Cpu>{1}), best(Seed{1});
    Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 0.3});
    trainer.validate_on(with_masks(ramps(9), LineMasks{}), Seed{3});
    std::vector<std::vector<float>> weights;
    const EpochReport report = trainer.fit(
        data, {.epochs = 8,
               .batch_size = 8,
               .out = folder.path(),
               .best_by = figure,
               .on_epoch = [&](const auto&) { weights.push_back(model.get("enc.0.weight")); }});
    const std::vector<double>& values = *report.history->find(column);
    CHECK(report.best_epoch == std::min_element(values.begin(), values.end()) - values.begin() + 1);
    best.load(folder / "best.safetensors");
    CHECK(best.get("enc.0.weight") == weights[static_cast<std::size_t>(report.best_epoch - 1)]);
  };
  for (const std::string figure : {"mse", "hole_mse", "composite_mse", "l1"})
    best_of(figure.c_str(), "validation_" + figure);
  Model<Net> model;
  Trainer trainer(model, MseLoss{}, Adam{});
  CHECK(error_of([&] { trainer.fit(data, {.batch_size = 8, .best_by = "ssim"}); }) ==
        "fit: best_by: expected one of mse, hole_mse, composite_mse, l1, got \"ssim\"");
}

TEST_CASE("max_seconds ends fit behind the running step, with a checkpoint to go on from") {
  const TemporaryFolder folder;
  const auto sleep = [](const StepReport&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  };
  Model<Net> model(Seed{5}, Context<Cpu>{1}), whole(Seed{5}, Context<Cpu>{1});
  Trainer a(model, MseLoss{}, Adam{}), b(whole, MseLoss{}, Adam{});
  FitOptions options{.epochs = 400, .batch_size = 8};  // five steps an epoch
  options.out = folder / "run";
  options.max_seconds = 0.2;
  options.on_step = sleep;
  std::vector<double> rates;
  options.on_step = [&](const StepReport& r) { sleep(r), rates.push_back(r.learning_rate); };
  const EpochReport report = a.fit(data, options);
  CHECK(report.step >= 1);
  CHECK(report.step <= 8);  // of 2000
  CHECK(report.epoch < 400);
  options.on_step = {};
  options.max_seconds = 0;
  options.epochs = 4;
  options.resume = true;
  a.fit(data, options);
  b.fit(data, {.epochs = 4, .batch_size = 8});
  CHECK(std::ranges::equal(model.parameters(), whole.parameters()));
  for (const double bad : {-1.0, std::numeric_limits<double>::infinity()})
    CHECK(error_of([&] {
            b.fit(data, {.batch_size = 8, .max_seconds = bad});
          }).starts_with("fit: max_seconds: expected a number of seconds, or 0 for no limit"));
}

TEST_CASE("max_seconds: the schedule goes by the clock where that is ahead") {
  Model<Net> model(Seed{5}, Context<Cpu>{1});
  Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 1});
  std::vector<double> rates;
  trainer.fit(data, {.epochs = 1000,
                     .batch_size = 8,
                     .schedule = Schedule::cosine(1000, 0.0),
                     .max_seconds = 0.3,
                     .on_step = [&](const StepReport& r) {
                       std::this_thread::sleep_for(std::chrono::milliseconds(10));
                       rates.push_back(r.learning_rate);
                     }});
  CHECK(rates.front() > 0.9);
  CHECK(std::ranges::is_sorted(rates, std::greater<>{}));
  CHECK(rates.back() < 0.5);  // by epochs alone it were above 0.999
}

TEST_CASE("stop_on_signals: the first signal ends fit behind the step, saved; the second kills") {
  const TemporaryFolder folder;
  const auto stop = stop_on_signals();
  CHECK(!stop());
  Model<Net> model(Seed{5});
  Trainer trainer(model, MseLoss{}, Adam{});
  const EpochReport report = trainer.fit(data, {.epochs = 3,
                                                .batch_size = 8,
                                                .out = folder / "run",
                                                .on_step =
                                                    [](const StepReport& r) {
                                                      if (r.step == 7) ::raise(SIGTERM);
                                                    },
                                                .stop = stop});
  CHECK(report.stopped);
  CHECK(report.step == 7);
  CHECK(stop_signal() == SIGTERM);
  CHECK(std::filesystem::exists(folder / "run" / "checkpoint.safetensors"));
  struct sigaction now {};
  ::sigaction(SIGTERM, nullptr, &now);
  CHECK((now.sa_handler == SIG_DFL));  // the next has its usual effect
  ::signal(SIGINT, SIG_DFL);
}

TEST_CASE("at a rate of 0 validation moves with the running statistics, and with nothing else") {
  const auto errors = [](bool frozen, int epochs) {
    Model<Net> model(Seed{5}, Context<Cpu>{1});
    Trainer trainer(model, MseLoss{}, Adam{.learning_rate = 1e-2});
    trainer.validate_on(with_masks(ramps(9), LineMasks{}), Seed{3});
    trainer.fit(data, {.epochs = 3, .batch_size = 8});
    model.freeze_statistics("", frozen);
    trainer.optimizer().algorithm().learning_rate = 0;
    return *trainer.fit(data, {.epochs = epochs, .batch_size = 8})
                .history->find("validation_hole_mse");
  };
  // Masks and order of the validation set, and the batch that it does not fill, are always the
  // same.
  const std::vector<double> still = errors(true, 4), moved = errors(false, 4);
  for (const double e : still) CHECK(e == still[0]);
  CHECK(moved[1] != moved[0]);
  for (const double e : moved) CHECK(std::abs(e / still[0] - 1) < 0.5);
}
