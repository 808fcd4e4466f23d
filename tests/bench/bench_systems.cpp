// SPDX-License-Identifier: BSD-3-Clause
// Images per second of a whole training step (forward, loss, backward, optimiser; of adversarial
// systems both networks') and of inference of a documented system: the median of `--steps` after
// `--warmup`, and the peak memory. One JSON line, with the names the PyTorch peer uses.
//   bench_systems --system pconv_cifar_net2 --batch 100 --threads 1
//   bench_systems --system pconv_unet --batch 16 --device cuda --products tf32
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>

#include <tessera/cuda/precision.hpp>
#include <tessera/io/json.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>

#include "system.hpp"

namespace ts = tessera;

namespace {

struct Settings {
  std::string system = "pconv_cifar_net2", device = "cpu", products = "float32";
  int batch = 4, threads = 1, steps = 5, warmup = 2;
};

/// On a GPU steps are put into a queue: so many are timed together.
constexpr int together = 10;

template <class Work>
double median_seconds(const Settings& s, systems::System& system, const Work& work) {
  std::vector<double> seconds;
  const int count = s.device == "cuda" ? together : 1;
  for (int i = 0; i < s.warmup + s.steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    for (int k = 0; k < count; ++k) work();
    system.wait();
    if (i >= s.warmup)
      seconds.push_back(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / count);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

/// Random images, a square hole of a quarter of each side.
systems::Pictures noise(int batch, int size) {
  systems::Pictures p{ts::Tensor<float>(batch, {size, size, 3}), {}};
  ts::RandomStream random(ts::Seed{2}, 0);
  for (float& v : p.images.span()) v = static_cast<float>(random.uniform());
  for (int n = 0; n < batch; ++n)
    for (int h = 0; h < size; ++h)
      for (int w = 0; w < size; ++w)
        p.hole.push_back(h >= size / 4 && h < size / 2 && w >= size / 4 && w < size / 2);
  return p;
}

void bench(const systems::Entry& entry, const Settings& s) {
  const auto system =
      entry.make({.threads = s.threads, .products = s.products}, noise(s.batch, entry.size));
  const double train = median_seconds(s, *system, [&] { system->step(); });
  const double infer = median_seconds(s, *system, [&] { system->infer(); });
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%s\n", ts::JsonLine()
                          .add("system", s.system)
                          .add("width", systems::full_width ? "documented" : "reduced for tests")
                          .add("device", s.device)
                          .add("products", s.device == "cuda" ? s.products : "float32")
                          .add("batch", s.batch)
                          .add("threads", s.threads)
                          .add("train_images_per_s", s.batch / train)
                          .add("infer_images_per_s", s.batch / infer)
                          .add("peak_mib", static_cast<double>(usage.ru_maxrss) / 1024)
                          .str()
                          .c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  CLI::App app("Training and inference throughput of a documented system");
  std::vector<std::string> names;
  for (const systems::Entry* entry : systems::Cpu::all()) names.push_back(entry->name);
  app.add_option("--system", s.system, "which system")->check(CLI::IsMember(names));
  app.add_option("--batch", s.batch)->check(CLI::PositiveNumber);
  app.add_option("--threads", s.threads)->check(CLI::PositiveNumber);
  app.add_option("--device", s.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  app.add_option("--products", s.products, "of a GPU, in float32, tf32 or bf16")
      ->check(CLI::IsMember(ts::cuda::precision_names));
  app.add_option("--steps", s.steps, "timed steps; of a GPU, tens of them")
      ->check(CLI::PositiveNumber);
  app.add_option("--warmup", s.warmup)->check(CLI::NonNegativeNumber);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
#ifdef TESSERA_SYSTEMS_CUDA
    const auto& list = s.device == "cuda" ? systems::Cuda::all() : systems::Cpu::all();
#else
    if (s.device == "cuda")
      throw ts::DeviceError(
          "this program was built without the CUDA toolkit; use --device cpu, or build it where "
          "CUDA_HOME names one");
    const auto& list = systems::Cpu::all();
#endif
    bench(*systems::find(list, s.system), s);
    return 0;
  } catch (const ts::Error& error) {
    std::fprintf(stderr, "bench_systems: %s\n", error.what());
    return 1;
  }
}
