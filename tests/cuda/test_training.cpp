// SPDX-License-Identifier: BSD-3-Clause
// Training on the (emulated) GPU: the CPU's numbers, the step as a graph, checkpoints that either
// device goes on from, and losses that are not finite.
#include <doctest/doctest.h>

#include <filesystem>

#include <tessera/tessera.hpp>

#include "../temporary_folder.hpp"
#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Net = Network<MaskedInput<8, 6, 3>,
                    Named<"enc", PartialConv2d<3, 8, kernel(3).same()>, BatchNorm2d<8>>,
                    LeakyReLU<>, Dropout<probability(0.25)>, Upsample2d<2>,
                    PartialConv2d<8, 4, kernel(4).stride(2).padding(1)>,
                    Named<"dec", PartialConv2d<4, 3, kernel(3).same()>>, Sigmoid>;

ImageSet ramps(std::size_t count) {
  Buffer<std::uint8_t> bytes(count * 8 * 6 * 3);
  RandomStream random(Seed{1}, 0);
  std::uint8_t* out = bytes.data();
  for (std::size_t i = 0; i < count; ++i) {
    const int colour[]{random.integer(2, 5), random.integer(2, 5), random.integer(2, 5)};
    for (int pixel = 0; pixel < 48; ++pixel)
      for (const int c : colour) *out++ = static_cast<std::uint8_t>(c * pixel);
  }
  return ImageSet(Shape{8, 6, 3}, std::move(bytes));
}

FitOptions options(int epochs) {
  FitOptions o;
  o.epochs = epochs;
  o.batch_size = 4;
  o.seed = Seed{11};
  o.clip_norm = 0.5;
  o.schedule = Schedule::cosine(8, 0.1);
  return o;
}
auto loss() { return MseLoss{} + 0.5 * L1Loss{.region = Region::hole}; }
auto images() { return with_masks(ramps(24), LineMasks{.max_lines = 3}); }

template <class Device, class T>
struct Trained {
  Model<Net, Device, T> model{Seed{3}};
  EpochReport report;

  explicit Trained(const FitOptions& options) {
    Trainer trainer(model, loss(), Adam{.learning_rate = 0.05});
    trainer.test_on(with_masks(ramps(7), LineMasks{}));
    report = trainer.fit(images(), options);
  }
  std::vector<T> numbers() const {
    std::vector<T> all;
    for (const NamedTensor& t : model.tensors()) {
      const std::vector<T> values = model.get(t.name);
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }
};

/// A training run on the GPU, step by step.
struct Steps {
  Model<Net, Cuda> model{Seed{3}};
  Trainer<Model<Net, Cuda>, decltype(loss()), Adam> trainer{model, loss(),
                                                            Adam{.learning_rate = 0.05}};
  Pass<Cuda, float> pass = trainer.make_pass(4);
  Loader<ImageSet, LineMasks> loader{images(), LoaderOptions::training(4, Seed{1})};
  Batch batch = loader.make_batch();
  BatchInput<Cuda, float> input{model.context()};

  const LossTerms& step(double clip_norm = 0) {
    return trainer.step(pass, input.write(pass, batch), 1, clip_norm);
  }
};

}  // namespace

TEST_CASE("cuda: a training run gives the CPU's numbers") {
  const Trained<Cpu, double> cpu(options(2));
  const Trained<Cuda, double> gpu(options(2));
  CHECK(distance(gpu.numbers(), cpu.numbers()) <= 1e-9);
  REQUIRE(gpu.report.losses.size() == cpu.report.losses.size());
  for (std::size_t i = 0; i < cpu.report.losses.size(); ++i) {
    CHECK(gpu.report.losses[i].first == cpu.report.losses[i].first);
    CHECK(std::fabs(gpu.report.losses[i].second - cpu.report.losses[i].second) <= 1e-10);
  }
  CHECK(std::fabs(gpu.report.test->mse - cpu.report.test->mse) <= 1e-9);
  CHECK(gpu.model.counter("enc.1.num_batches_tracked") == 12);
}

TEST_CASE("cuda: a step is recorded once and then repeated, without an allocation") {
  Steps training;
  std::vector<double> losses;
  std::size_t allocations = 0;
  for (int step = 0; training.loader.next(training.batch); ++step) {
    losses.push_back(training.step(0.5).total());
#ifdef TESSERA_CUDA_EMULATE
    if (step == 1) allocations = cuda::runtime::allocations;
    if (step > 1) CHECK(cuda::runtime::allocations == allocations);
#endif
  }
  (void)allocations;
  REQUIRE(losses.size() == 6);
  CHECK(losses[5] < losses[0]);
  for (std::size_t i = 1; i < losses.size(); ++i) CHECK(losses[i] != losses[i - 1]);
}

TEST_CASE("cuda: a checkpoint of one device is gone on from on the other") {
  const TemporaryFolder folder;
  FitOptions first = options(1), second = options(2);
  first.out = second.out = OutFolder(folder / "run");
  const Trained<Cuda, double> half(first);
  second.resume = true;
  const Trained<Cpu, double> other(second);
  const Trained<Cuda, double> whole(options(2));
  CHECK(distance(other.numbers(), whole.numbers()) <= 1e-9);
}

TEST_CASE("cuda: a loss that is not finite stops the training and spoils no parameter") {
  Steps training;
  training.loader.next(training.batch);
  for (int i = 0; i < 3; ++i) training.step();
  const std::vector<float> before = training.model.get("dec.weight");
  for (int n = 0; n < 4; ++n) training.batch.image.view()(n, 0, 0, 0) = NAN;
  training.step();
  CHECK(training.model.get("dec.weight") == before);
  CHECK(std::isnan(training.step().total()));
}

TEST_CASE("cuda: steps that are refused leave statistics, counters and dropout's count alone") {
  const auto everything = [](Steps& training) {
    std::vector<std::vector<float>> all;
    for (const NamedTensor& t : training.model.tensors()) all.push_back(training.model.get(t.name));
    std::uint64_t passes = 0;
    const auto& state = training.model.state();
    Memory<Cuda>::to_host(training.model.context(), &passes, state.passes(), sizeof passes);
    all.push_back({static_cast<float>(passes)});
    return all;
  };
  Steps training, twin;
  for (Steps* s : {&training, &twin}) {
    s->loader.next(s->batch);
    for (int i = 0; i < 3; ++i) s->step();
  }
  const auto before = everything(training);
  CHECK(before == everything(twin));
  const float good = training.batch.image.view()(0, 0, 0, 0);
  for (const float value : {NAN, INFINITY}) {
    training.batch.image.view()(0, 0, 0, 0) = value;
    for (int i = 0; i < 3; ++i) training.step();
    CHECK(everything(training) == before);
  }
  // The gate stays shut until the losses are looked at: good steps do nothing either.
  training.batch.image.view()(0, 0, 0, 0) = good;
  training.step();
  CHECK(everything(training) == before);
  // fit looks first. Then it goes on with the bits of a training run without those steps.
  for (Steps* s : {&training, &twin}) s->trainer.fit(images(), options(1));
  CHECK(everything(training) == everything(twin));
  CHECK(training.trainer.optimizer().steps() == twin.trainer.optimizer().steps());
}

TEST_CASE("cuda: fit that fails leaves a model that evaluates and trains on") {
  struct Bad {
    ImageSet good = ramps(80);
    std::size_t size() const { return good.size(); }
    Shape shape() const { return good.shape(); }
    void read(std::size_t i, View<float> image) const {
      good.read(i, image);
      if (i == 21) image.data[0] = NAN;
    }
  };
  Model<Net, Cuda> model{Seed{3}};
  Trainer trainer(model, loss(), Adam{.learning_rate = 0.05});
  trainer.test_on(with_masks(ramps(7), LineMasks{}));
  CHECK_THROWS_AS(trainer.fit(with_masks(Bad{}, RectangleMask{0, 0, 1, 1}), options(1)), Error);
  const std::int64_t steps = trainer.optimizer().steps();
  CHECK(steps < 20);
  CHECK(model.counter("enc.1.num_batches_tracked") == steps);
  for (const float v : model.get("enc.1.running_var")) CHECK(std::isfinite(v));
  const EpochReport report = trainer.fit(images(), options(1));
  CHECK(std::isfinite(report.test->mse));
  CHECK(model.counter("enc.1.num_batches_tracked") == steps + 6);
}
