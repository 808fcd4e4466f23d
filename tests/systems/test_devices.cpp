// SPDX-License-Identifier: BSD-3-Clause
// The same training of a documented system on the CPU and on a GPU (an emulated one where
// TESSERA_CUDA_EMULATE is defined): the first step's losses must agree closely, the output then and
// later losses less so, as Adam's first step moves every weight by the sign of its gradient.
//   test_devices [--system NAME] [--batch N] [--steps N] [--products float32|tf32|bf16]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include <tessera/cuda/precision.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

#include "system.hpp"
#ifdef TESSERA_CUDA_EMULATE
#include <tessera/cuda/kernel_cache.hpp>

#include "../cuda/kernel_lists.hpp"
#endif

namespace ts = tessera;

namespace {

struct Settings {
  std::string system, products = "float32";
  int batch = 0, steps = 2;  // batch 0: 2 where a batch norm of single pixels needs them, else 1
  double tolerance = 1e-5;
};

/// Smooth random images, a rectangle missing in each.
systems::Pictures pictures(int batch, int size) {
  systems::Pictures p{ts::Tensor<float>(batch, {size, size, 3}), {}};
  ts::RandomStream random(ts::Seed{5}, 0);
  for (int n = 0; n < batch; ++n) {
    const double fx = 6 * random.uniform() / size, fy = 6 * random.uniform() / size;
    for (int h = 0; h < size; ++h)
      for (int w = 0; w < size; ++w) {
        for (int c = 0; c < 3; ++c)
          p.images.view()(n, h, w, c) = static_cast<float>(
              0.5 + 0.4 * std::sin(fx * w + fy * h + c) + 0.1 * random.uniform());
        p.hole.push_back(h >= size / 4 && h < size / 2 && w >= size / 3 && w < 2 * size / 3);
      }
  }
  return p;
}

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Whether both devices do the same; prints a line of how near they are.
bool agree(const systems::Entry& cpu, const systems::Entry& gpu, const Settings& s) {
  const bool two = std::string(cpu.name).starts_with("context_encoder") || cpu.test_batch == 2;
  const systems::Pictures images = pictures(s.batch > 0 ? s.batch : two ? 2 : 1, cpu.size);
  const systems::Request request{.threads = 1, .products = s.products};
  const auto a = cpu.make(request, images), b = gpu.make(request, images);
  double worst[2]{}, worst_output = 0, seconds[2]{};  // of the first step, and of the others
  bool finite = true;
  for (int step = 0; step < s.steps; ++step) {
    systems::Terms ta, tb;
    seconds[0] += seconds_of([&] { a->step(), ta = a->terms(); });
    seconds[1] += seconds_of([&] { b->step(), tb = b->terms(); });
    for (std::size_t i = 0; i < ta.size(); ++i) {
      finite &= std::isfinite(ta[i].second) && std::isfinite(tb[i].second);
      worst[step > 0] = std::max(worst[step > 0], std::fabs(ta[i].second - tb[i].second) /
                                                      (1e-3 + std::fabs(ta[i].second)));
    }
  }
  const std::vector<float> ya = a->output(), yb = b->output();
  double largest = 0;
  for (std::size_t i = 0; i < ya.size(); ++i) {
    finite &= std::isfinite(ya[i]) && std::isfinite(yb[i]);
    largest = std::max(largest, std::fabs(static_cast<double>(ya[i])));
    worst_output = std::max(worst_output, std::fabs(static_cast<double>(ya[i]) - yb[i]));
  }
  worst_output /= largest;
  const bool good =
      finite && worst[0] <= s.tolerance && std::max(worst[1], worst_output) <= 5000 * s.tolerance;
  std::printf(
      "%-24s %s  the first step's losses differ by %.1e, later ones by %.1e, outputs by %.1e  "
      "[%.1f s, %.1f s]\n",
      cpu.name, good ? "agree" : "FAILED", worst[0], worst[1], worst_output, seconds[0],
      seconds[1]);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("Trains documented systems on both devices; fails where they do not agree");
  app.add_option("--system", s.system, "one of them; all unless given");
  app.add_option("--batch", s.batch)->check(CLI::PositiveNumber);
  app.add_option("--steps", s.steps)->check(CLI::PositiveNumber);
  app.add_option("--products", s.products, "of the GPU, in float32, tf32 or bf16")
      ->check(CLI::IsMember(ts::cuda::precision_names));
  app.add_option("--tolerance", s.tolerance, "of the first step's losses, relative")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    bool good = true, found = false;
    for (const systems::Entry* entry : systems::Cpu::all()) {
      if (!s.system.empty() && s.system != entry->name) continue;
      found = true;
      good &= agree(*entry, *systems::find(systems::Cuda::all(), entry->name), s);
    }
#ifdef TESSERA_CUDA_EMULATE
    ts::testing::write_kernels("systems." + s.system, ts::cuda::KernelCache::used());
#endif
    if (found) return good ? 0 : 1;
    std::fprintf(stderr, "test_devices: no system is named \"%s\"\n", s.system.c_str());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "test_devices: %s\n", error.what());
    return 1;
  }
}
