// SPDX-License-Identifier: BSD-3-Clause
// The recipe of the CIFAR-10 partial-convolution report, for any of its networks: MSE over all
// pixels, Adam at 0.01, batches of 100, 100 epochs of 10,000 images; new line masks each epoch, the
// fixed ones of the PyTorch recipe over the first 1,000 test images.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdio>

#include <tessera/data/cifar10.hpp>
#include <tessera/data/numpy_masks.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/training/trainer.hpp>

#include "program.hpp"

/// "hole share of the test masks: 0.1247; zero-fill MSE 0.03542": what the restored images start
/// from.
template <class Data, class Masks>
void print_test_masks(const tessera::MaskedData<Data, Masks>& test) {
  namespace ts = tessera;
  ts::Loader loader(test, ts::LoaderOptions::evaluation(1, {}));
  ts::Batch batch = loader.make_batch();
  const ts::Tensor<float> zero(1, loader.shape());
  ts::MetricSums sums;
  for (loader.start_epoch(0); loader.next(batch);)
    sums.add(zero.view(), batch.images(), batch.holes());
  const ts::Metrics zero_fill = sums.means();
  std::printf("hole share of the test masks: %.4f; zero-fill MSE %.5f\n", zero_fill.hole_share,
              zero_fill.composite_mse);
}

template <class Net>
int train_cifar(const std::string& system, int argc, char** argv) {
  namespace ts = tessera;
  ProgramOptions defaults;
  defaults.out = "runs/" + system;
  defaults.limit = 10'000;
  return run_program(
      "Trains " + system + " on CIFAR-10", defaults, argc, argv, [&](const ProgramOptions& o) {
        const auto start = std::chrono::steady_clock::now();
        const ts::Cifar10 cifar(o.data);
        const ts::ImageSet all = cifar.train(), test_images = cifar.test();
        const std::size_t limit = o.limit ? o.limit : all.size();
        const auto train = ts::with_masks(all.take(limit), ts::LineMasks{});
        const auto count = std::min<std::size_t>(1000, test_images.size());
        // The very masks of the PyTorch recipe, so that the test errors can be compared.
        const auto test =
            ts::with_masks(test_images.take(count), ts::numpy_line_masks(12345, count));
        if (!o.quiet) print_test_masks(test);

        if (o.validation > all.size() - limit)
          throw ts::ArgumentError("--validation " + std::to_string(o.validation) + ": behind the " +
                                  std::to_string(limit) + " training images there are only " +
                                  std::to_string(all.size() - limit) + "; lower --limit");
        on_device(o, [&]<class Device>(const ts::Context<Device>& context) {
          ts::Model<Net, Device> model(ts::Seed{o.seed}, context);
          ts::Trainer trainer(model, ts::MseLoss{}, ts::Adam{.learning_rate = 1e-2});
          trainer.test_on(test);
          if (o.validation > 0)
            trainer.validate_on(
                ts::with_masks(all.drop(limit).take(o.validation), ts::LineMasks{}));
          const auto report = trainer.fit(train, fit_options(system, o));
          const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
          print_result(system, report, seconds.count());
        });
      });
}
