// SPDX-License-Identifier: BSD-3-Clause
// Images per second of a whole training step (forward, loss, backward, optimiser) and of inference
// of a documented system: the median of `--steps` after `--warmup`, and the peak memory. One JSON
// line, with the names the PyTorch peer uses.
//   bench_systems --system pconv_cifar_net2 --batch 100 --threads 1
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>

#include <tessera/io/json.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>
#include <tessera/optimizers/optimizer.hpp>

namespace ts = tessera;

namespace {

struct Settings {
  std::string system = "pconv_cifar_net2";
  int batch = 100, threads = 1, steps = 5, warmup = 2;
};

double median_seconds(const Settings& s, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i < s.warmup + s.steps; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    if (i >= s.warmup)
      seconds.push_back(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

/// Random images, a square hole of a quarter of each side.
template <class T>
void write_input(ts::Pass<ts::Cpu, T>& pass, const ts::Tensor<T>& images) {
  const auto x = pass.input();
  const auto valid = pass.input_valid();
  for (int n = 0; n < x.batch; ++n)
    for (int h = 0; h < x.height; ++h)
      for (int w = 0; w < x.width; ++w) {
        const bool hole =
            h >= x.height / 4 && h < x.height / 2 && w >= x.width / 4 && w < x.width / 2;
        *valid.pixel(n, h, w) = !hole;
        for (int c = 0; c < x.channels; ++c) x(n, h, w, c) = hole ? 0 : images.view()(n, h, w, c);
      }
}

template <class Net>
void bench(const Settings& s) {
  ts::Model<Net> model(ts::Seed{1}, ts::Context<ts::Cpu>{s.threads});
  ts::Tensor<float> images(s.batch, ts::input_shape<Net>.unmasked());
  ts::RandomStream random(ts::Seed{2}, 0);
  for (float& v : images.span()) v = static_cast<float>(random.uniform());

  double train = 0;
  {
    auto pass = model.pass({.batch = s.batch});
    ts::Optimizer optimizer(model, ts::Adam{.learning_rate = 2e-4, .beta1 = 0.5});
    train = median_seconds(s, [&] {
      ts::LossTerms terms;
      write_input(pass, images);
      pass.forward();
      pass.zero_gradients();
      ts::MseLoss{}(pass, ts::Truth<float>{images.view(), nullptr}, terms);
      model.zero_gradients();
      pass.backward();
      optimizer.step();
    });
  }
  auto pass = model.pass({.batch = s.batch, .mode = ts::Mode::evaluate, .gradients = false});
  const double infer = median_seconds(s, [&] {
    write_input(pass, images);
    pass.forward();
  });
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%s\n", ts::JsonLine()
                          .add("system", s.system)
                          .add("device", "cpu")
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
  const std::map<std::string, void (*)(const Settings&)> systems{
      {"pconv_cifar_net1", bench<ts::models::PConvCifarNet1>},
      {"pconv_cifar_net2", bench<ts::models::PConvCifarNet2>}};
  Settings s;
  CLI::App app("Training and inference throughput of a documented system");
  std::vector<std::string> names;
  for (const auto& [name, run] : systems) names.push_back(name);
  app.add_option("--system", s.system, "which network")->check(CLI::IsMember(names));
  app.add_option("--batch", s.batch)->check(CLI::PositiveNumber);
  app.add_option("--threads", s.threads)->check(CLI::PositiveNumber);
  app.add_option("--steps", s.steps, "timed steps")->check(CLI::PositiveNumber);
  app.add_option("--warmup", s.warmup)->check(CLI::NonNegativeNumber);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  systems.at(s.system)(s);
  return 0;
}
