// SPDX-License-Identifier: BSD-3-Clause
// A training run small enough to be done many times: a network of 8x6 images, 24 images of ramps.
#pragma once
#include <string>
#include <vector>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/training/run_folder.hpp>
#include <tessera/training/trainer.hpp>

#include "../support/error_of.hpp"

namespace tessera::testing {

using TinyNet = Network<MaskedInput<8, 6, 3>,
                        Named<"enc", PartialConv2d<3, 8, kernel(3).same()>, BatchNorm2d<8>>,
                        LeakyReLU<>, Dropout<probability(0.25)>,
                        Named<"dec", PartialConv2d<8, 3, kernel(3).same()>>, Sigmoid>;

/// Images from black to a colour of their own.
inline ImageSet ramps(std::size_t count, std::uint64_t seed = 1) {
  Buffer<std::uint8_t> bytes(count * 8 * 6 * 3);
  RandomStream random(Seed{seed}, 0);
  std::uint8_t* out = bytes.data();
  for (std::size_t i = 0; i < count; ++i) {
    const int colour[]{random.integer(2, 5), random.integer(2, 5), random.integer(2, 5)};
    for (int pixel = 0; pixel < 48; ++pixel)
      for (const int c : colour) *out++ = static_cast<std::uint8_t>(c * pixel);
  }
  return ImageSet(Shape{8, 6, 3}, std::move(bytes));
}

/// What a training run leaves in memory.
struct Trained {
  EpochReport report;
  std::vector<float> parameters, statistics, first_moment, second_moment;
  std::int64_t counter = 0, optimizer_steps = 0;
  std::uint64_t training_passes = 0;
};

/// Six steps an epoch, with all that a resume must restore: two loss terms, a schedule, clipping,
/// batch norm, dropout, validation and test sets.
inline Trained tiny_training(FitOptions options, double learning_rate = 0.05, Seed seed = {3}) {
  Model<TinyNet> model(seed, Context<Cpu>{1});
  Trainer trainer(model, MseLoss{} + 0.5 * L1Loss{.region = Region::hole},
                  Adam{.learning_rate = learning_rate});
  trainer.validate_on(with_masks(ramps(5, 2), LineMasks{}));
  trainer.test_on(with_masks(ramps(7, 3), LineMasks{}));
  options.batch_size = 4;
  options.seed = Seed{11};
  options.clip_norm = 0.5;
  options.schedule = Schedule::cosine(8, 0.1);
  options.system = "tiny";
  Trained t;
  t.report = trainer.fit(with_masks(ramps(24), LineMasks{.max_lines = 3}), options);
  const auto copy = [](auto span) { return std::vector<float>(span.begin(), span.end()); };
  t.parameters = copy(model.parameters());
  t.statistics = copy(model.statistics());
  t.first_moment = copy(trainer.optimizer().buffer(0));
  t.second_moment = copy(trainer.optimizer().buffer(1));
  t.counter = model.counter("enc.1.num_batches_tracked");
  t.optimizer_steps = trainer.optimizer().steps();
  t.training_passes = model.state().training_passes;
  return t;
}

}  // namespace tessera::testing
