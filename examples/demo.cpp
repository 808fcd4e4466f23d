// SPDX-License-Identifier: BSD-3-Clause
// Two minutes of inpainting: trains pconv_cifar_net2 on patches of photographs, then restores
// patches and one whole photograph that it has never seen.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include <tessera/data/cifar10.hpp>
#include <tessera/data/image_writer.hpp>
#include <tessera/data/masks.hpp>
#include <tessera/data/patches.hpp>
#include <tessera/data/photographs.hpp>
#include <tessera/inference/inpaint.hpp>
#include <tessera/io/status_line.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>
#include <tessera/training/samples.hpp>
#include <tessera/training/trainer.hpp>

#include "program.hpp"

namespace ts = tessera;

namespace {

using Net = ts::models::PConvCifarNet2;
using Clock = std::chrono::steady_clock;

constexpr int side = 32;                     // pixels of a patch
constexpr std::size_t epoch_patches = 2000;  // one line of progress every few seconds
constexpr double training_seconds = 110;     // what --epochs 0 aims at
constexpr ts::LineMasks scratches{.min_lines = 1, .max_lines = 9, .max_thickness = 3};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The number of epochs that take about `training_seconds` here, measured on two steps of a model
/// that is thrown away.
template <class Device, class Train>
int affordable_epochs(const ts::Context<Device>& context, const Train& train,
                      const ProgramOptions& options) {
  ts::Model<Net, Device> model(ts::Seed{options.seed}, context);
  ts::Trainer trainer(model, ts::MseLoss{}, ts::Adam{});
  auto pass = trainer.make_pass(options.batch);
  ts::BatchInput<Device, float> input(context);
  const ts::Loader loader(train, ts::LoaderOptions::training(options.batch, {}));
  ts::Batch batch = loader.make_batch();
  Clock::time_point start;
  constexpr int warm_up = 1, timed = 3;
  for (int step = 0; step < warm_up + timed; ++step) {
    if (step == warm_up) start = Clock::now();
    loader.fill(0, batch);
    trainer.step(pass, input.write(pass, batch)).total();  // waits for a GPU
  }
  const double epoch = seconds_since(start) / timed * static_cast<double>(loader.batches());
  return std::clamp(static_cast<int>(training_seconds / epoch), 1, 200);
}

/// Trains, with the metrics of held-out images after each epoch.
template <class Device, class Train, class Test>
ts::EpochReport train(ts::Model<Net, Device>& model, const Train& patches, const Test& held_out,
                      ProgramOptions options) {
  if (options.epochs == 0) options.epochs = affordable_epochs(model.context(), patches, options);
  options.schedule = "cosine";
  ts::Trainer trainer(model, ts::MseLoss{}, ts::Adam{.learning_rate = 1e-2});
  trainer.test_on(held_out);
  return trainer.fit(patches, fit_options("pconv_cifar_net2", options));
}

/// Scratches a whole photograph and restores it; writes masked | restored | truth side by side and
/// the restored picture alone.
template <class Device>
void restore(ts::Model<Net, Device>& model, const ts::Photograph& photograph,
             const std::filesystem::path& out, bool quiet) {
  const ts::Shape shape{photograph.height, photograph.width, 3};
  ts::Samples picture{ts::Tensor<float>(1, shape), {}, ts::Buffer<std::uint8_t>(shape.pixels())};
  std::transform(photograph.pixels.begin(), photograph.pixels.end(), picture.truth.data(),
                 [](std::uint8_t byte) { return static_cast<float>(byte) / 255.0f; });
  ts::RandomStream random(ts::Seed{1}, 0);
  ts::LineMasks{.min_lines = 40, .max_lines = 40, .min_thickness = 2, .max_thickness = 3}.draw(
      random, {picture.hole.data(), 1, shape.height, shape.width});
  const auto start = Clock::now();
  ts::StatusLine status(quiet ? nullptr : stderr);
  picture.restored =
      ts::inpaint_images(model, picture.truth.view(),
                         {picture.hole.data(), 1, shape.height, shape.width},
                         {.on_pass = [&](const ts::InpaintReport& report) {
                           status.show_count("restoring", static_cast<std::size_t>(report.tiles),
                                             static_cast<std::size_t>(report.all_tiles));
                         }});
  status.clear();
  const double seconds = seconds_since(start);
  ts::write_image(out / "photograph.png", ts::to_image(ts::sample_grid(picture).view()));
  ts::write_image(out / "restored.png", ts::to_image(picture.restored.view()));
  if (!quiet)
    std::printf("restored %s, %dx%d pixels, %.1f %% of them holes, in %.1f s\n",
                photograph.name.c_str(), photograph.width, photograph.height,
                100 * ts::hole_ratio(picture.hole.span()), seconds);
}

template <class Device>
void demo(const ts::Context<Device>& context, const ProgramOptions& options) {
  const auto start = Clock::now();
  const std::filesystem::path data = options.data, out = options.out;
  ts::Model<Net, Device> model(ts::Seed{options.seed}, context);
  ts::EpochReport report;
  if (std::filesystem::exists(data / "data_batch_1.bin")) {  // CIFAR-10
    const ts::Cifar10 cifar(data);
    const ts::ImageSet test = cifar.test().take(std::min<std::size_t>(500, cifar.test().size()));
    report = train(model, ts::with_masks(cifar.train(), scratches), ts::with_masks(test, scratches),
                   options);
  } else {
    ts::StatusLine status(options.quiet ? nullptr : stderr);
    const ts::PhotographSet all(
        data, {.longest_side = 1024, .on_file = [&](std::size_t done, std::size_t of) {
                 status.show_count("reading photographs", done, of);
               }});
    status.clear();
    if (all.size() < 2)
      throw ts::FileError(data.string() +
                          ": expected at least 2 photographs, to train on and to "
                          "restore, got " +
                          std::to_string(all.size()));
    const std::size_t held = std::max<std::size_t>(1, all.size() / 4);
    const ts::PhotographSet seen = all.take(all.size() - held), unseen = all.drop(seen.size());
    if (!options.quiet)
      std::printf("%zu photographs to train on, %zu held out\n", seen.size(), held);
    if (const std::size_t hidden = all.counts().hidden)
      std::printf("%zu hidden files and folders left out\n", hidden);
    const ts::PatchOptions cut{.max_scale = 3, .flip = true};
    const ts::RandomPatches patches(seen, side, side, epoch_patches, cut);
    const ts::ImageSet held_out =
        ts::fixed_patches(ts::RandomPatches(unseen, side, side, 1, cut), 500, ts::Seed{1});
    report = train(model, ts::with_masks(patches, scratches), ts::with_masks(held_out, scratches),
                   options);
    if (!report.stopped) restore(model, unseen[0], out, options.quiet);
  }
  if (!report.stopped && !options.quiet)
    std::printf("see %s: report.html, samples.png (masked, restored, truth)%s\n", out.c_str(),
                std::filesystem::exists(out / "photograph.png") ? ", photograph.png" : "");
  print_result("pconv_cifar_net2", report, seconds_since(start));
}

}  // namespace

int main(int argc, char** argv) {
  ProgramOptions defaults;
  defaults.out = "runs/demo";
  defaults.data = "photographs";
  defaults.epochs = 0;
  return run_program("Trains pconv_cifar_net2 on photographs for about two minutes", defaults, argc,
                     argv, [](const ProgramOptions& options) {
                       on_device(options, [&](const auto& context) { demo(context, options); });
                     });
}
