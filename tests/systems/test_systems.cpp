// SPDX-License-Identifier: BSD-3-Clause
// Trains documented systems for 20 steps on one batch of patches of a photograph: every loss stays
// finite, and the reconstruction loss falls to at most half.
//   test_systems [--system NAME] [--picture FILE] [--batch N] [--threads N] [--learning-rate R]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include <tessera/data/image.hpp>
#include <tessera/data/resize.hpp>
#include <tessera/tensor/random.hpp>

#include "system.hpp"

namespace ts = tessera;

namespace {

struct Settings {
  std::string system, picture = "../docs/pictures/restored.png";
  int batch = 0, threads = 2;
  double learning_rate = 0;  // 0: the system's own, as for the batch
};

/// A photograph. Of the documentation's picture (masked, restored, truth side by side) the truth.
ts::Image photograph(const std::string& path) {
  ts::Image image = ts::read_image(path);
  if (image.width < 4 * image.height) return image;
  const int third = image.width / 3;
  return ts::crop(image, 0, image.width - third, image.height, third);
}

/// Square patches of a photograph at random places, between half of its shorter side and all of it,
/// each with a rectangle missing.
systems::Pictures patches(const ts::Image& photograph, int size, int batch) {
  systems::Pictures pictures{ts::Tensor<float>(batch, {size, size, 3}),
                             std::vector<std::uint8_t>(static_cast<std::size_t>(batch) *
                                                       static_cast<std::size_t>(size * size))};
  ts::RandomStream random(ts::Seed{3}, 0);
  const int shorter = std::min(photograph.height, photograph.width);
  for (int n = 0; n < batch; ++n) {
    const int side = random.integer(shorter / 2, shorter + 1);
    const ts::Image patch =
        ts::resize(ts::crop(photograph, random.integer(0, photograph.height - side + 1),
                            random.integer(0, photograph.width - side + 1), side, side),
                   size, size);
    const ts::Tensor<float> pixels = ts::to_tensor(patch, 3);
    std::copy_n(pixels.data(), pixels.size(), pictures.images.view().pixel(n, 0, 0));
    const int edge = size / 4, top = random.integer(0, size - edge),
              left = random.integer(0, size - edge);
    for (int h = top; h < top + edge; ++h)
      for (int w = left; w < left + edge; ++w)
        pictures.hole[static_cast<std::size_t>((n * size + h) * size + w)] = 1;
  }
  return pictures;
}

/// Whether the system learns; prints a line of what it did.
bool learns(const systems::Entry& entry, const ts::Image& photograph, const Settings& settings) {
  const int batch = settings.batch > 0 ? settings.batch : entry.test_batch;
  const systems::Pictures pictures = patches(photograph, entry.size, batch);
  const auto start = std::chrono::steady_clock::now();
  const double rate =
      settings.learning_rate > 0 ? settings.learning_rate : entry.test_learning_rate;
  const auto system = entry.make({settings.threads, rate}, pictures);
  system->step();
  const systems::Terms first = system->terms();
  systems::Terms last;
  bool finite = true;
  for (int step = 1; step <= 20; ++step) {
    system->step();
    last = system->terms();
    for (const auto& [name, value] : last) finite &= std::isfinite(value);
  }
  system->infer();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double ratio = last[0].second / first[0].second;
  const bool good = finite && ratio <= 0.5;
  std::printf("%-24s %s  %s %.5g -> %.5g (x %.2f)", entry.name, good ? "learns" : "FAILED",
              first[0].first.c_str(), first[0].second, last[0].second, ratio);
  for (std::size_t i = 1; i < last.size(); ++i)
    std::printf("  %s %.4g -> %.4g", last[i].first.c_str(), first[i].second, last[i].second);
  std::printf("  [%.1f s]\n", seconds);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Trains documented systems for 20 steps; fails where one does not learn");
  app.add_option("--system", settings.system, "one of them; all unless given");
  app.add_option("--picture", settings.picture, "a photograph, PNG, JPEG or BMP");
  app.add_option("--batch", settings.batch, "patches; the system's own number unless given")
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", settings.threads)->check(CLI::PositiveNumber);
  app.add_option("--learning-rate", settings.learning_rate,
                 "of every network; the system's own unless given")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    const ts::Image image = photograph(settings.picture);
    bool good = true;
    if (settings.system.empty()) {
      for (const systems::Entry* entry : systems::Cpu::all())
        good &= learns(*entry, image, settings);
    } else if (const systems::Entry* entry = systems::find(systems::Cpu::all(), settings.system)) {
      good = learns(*entry, image, settings);
    } else {
      std::fprintf(stderr, "test_systems: no system is named \"%s\"\n", settings.system.c_str());
      return 2;
    }
    return good ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "test_systems: %s\n", error.what());
    return 1;
  }
}
