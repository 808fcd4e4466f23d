// SPDX-License-Identifier: BSD-3-Clause
// Optimisers on the (emulated) GPU beside the CPU's: steps, clipping, frozen layers, the gate, what
// a checkpoint stores, and steps that are repeated as a graph.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/network.hpp>
#include <tessera/optimizers/optimizer.hpp>

#include <tessera/kernels/cuda/optimizer.hpp>
#include <tessera/kernels/cuda/reduce.hpp>
#include <tessera/optimizers/cuda/step_settings.hpp>

#include "on_device.hpp"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Net = Network<Input<4, 4, 3>, Named<"a", Conv2d<3, 5, kernel(3).same()>>,
                    Named<"bn", BatchNorm2d<5>>, Named<"b", Conv2d<5, 2, kernel(1)>>>;

// clang-format off
TESSERA_OPTIMIZER(PlainDescent, (learning_rate = 0.1), (),
  template <class T> void update(T& w, T g) const { w = w - constant<T>(learning_rate) * g; })
TESSERA_OPTIMIZER(FiveTraces, (learning_rate = 0.1, decay = 0.5), (rest = 1 - pow(decay, t)),
  template <class T> void update(T& w, T g, T& a, T& b, T& c, T& d, T& e) const {
    e = d + constant<T>(decay); d = c + g; c = b + T(1); b = a + g * g;
    a = constant<T>(rest) * g;
    w = w - constant<T>(learning_rate) * (a + b + c + d + e);
  })
// clang-format on

template <class T>
constexpr double tolerance = 16 * unit<T>;  // 26 steps; the two compilers contract a*b + c each in its own way

/// One model with its optimiser on both devices.
template <class T, class Algorithm>
struct Sides {
  Model<Net, Cpu, T> cpu_model{Seed{1}, Context<Cpu>{1}};
  Model<Net, Cuda, T> gpu_model{Seed{1}};
  Optimizer<Model<Net, Cpu, T>, Algorithm> cpu;
  Optimizer<Model<Net, Cuda, T>, Algorithm> gpu;

  explicit Sides(const Algorithm& algorithm)
      : cpu(cpu_model, algorithm), gpu(gpu_model, algorithm) {}

  std::vector<T> parameters() {
    std::vector<T> values(cpu_model.parameters().size());
    Memory<Cuda>::to_host(gpu_model.context(), values.data(), gpu_model.state().trained.data(),
                          values.size() * sizeof(T));
    return values;
  }
  void set_gradients(std::uint64_t step) {
    const std::vector<T> g = random_numbers<T>(cpu_model.gradients().size(), step);
    std::ranges::copy(g, cpu_model.gradients().begin());
    Memory<Cuda>::to_device(gpu_model.context(), gpu_model.state().gradients.data(), g.data(),
                            g.size() * sizeof(T));
  }
  void check(double bound = tolerance<T>) {
    const auto p = cpu_model.parameters();
    CHECK(distance(parameters(), std::vector<T>(p.begin(), p.end())) <= bound);
    for (std::size_t b = 0; b < Algorithm::buffers; ++b)
      CHECK(distance(gpu.read_buffer(b), cpu.read_buffer(b)) <= bound);
    CHECK(gpu.steps() == cpu.steps());
  }
};

const Adam adam{.learning_rate = 0.02, .beta1 = 0.5, .beta2 = 0.99, .weight_decay = 0.1};
const Sgd sgd{.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.05};

template <class T, class Algorithm>
void check_steps(const Algorithm& algorithm) {
  Sides<T, Algorithm> s(algorithm);
  for (int t = 1; t <= 25; ++t) {  // more than there are slots for settings
    s.set_gradients(static_cast<std::uint64_t>(t));
    const double factor = 1.0 / t;
    if (t % 3 == 0) {
      s.cpu.step(factor, 0.5);
      s.gpu.step(factor, 0.5);
    } else if (t % 3 == 1) {
      s.cpu.step(factor, s.cpu.clip_scale(1.5));
      s.gpu.step(factor, s.gpu.clip_scale(1.5));
    } else {
      s.cpu.step(factor);
      s.gpu.step(factor);
    }
    s.check();
  }
  s.cpu.step(1, 0.25 * s.cpu.clip_scale(1.5));
  s.gpu.step(1, 0.25 * s.gpu.clip_scale(1.5));
  s.check();
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: steps of all optimisers are the CPU's", T, float, double) {
  check_steps<T>(adam);
  check_steps<T>(Adam{});
  check_steps<T>(sgd);
  check_steps<T>(Sgd{});
  check_steps<T>(AdamW{.learning_rate = 0.02, .beta1 = 0.5, .beta2 = 0.99, .weight_decay = 0.1});
  check_steps<T>(RMSprop{.learning_rate = 0.01, .epsilon = 1e-3, .weight_decay = 0.1});
  check_steps<T>(RMSprop{.learning_rate = 0.01, .epsilon = 1e-3, .momentum = 0.9, .centered = 1});
  check_steps<T>(FiveTraces{});
}

TEST_CASE_TEMPLATE("cuda: any number of buffers, over more numbers than threads", T, float,
                   double) {
  const Context<Cuda> gpu;
  const std::size_t n = 3001;
  const auto check = [&]<int N>(const auto& algorithm, std::integral_constant<int, N>) {
    static_assert(std::remove_cvref_t<decltype(algorithm)>::buffers == N);
    Twin<T> w(gpu, random_numbers<T>(n, 1)), g(gpu, random_numbers<T>(n, 2));
    std::vector<Twin<T>> state;
    for (int b = 0; b < N; ++b) state.emplace_back(gpu, std::vector<T>(n));
    std::vector<T*> host, device;
    for (Twin<T>& b : state) {
      host.push_back(b.host.data());
      device.push_back(b.device.data());
    }
    const auto step = step_of(algorithm, 2, 1);
    cuda::Uploaded<std::remove_const_t<decltype(step)>> settings(gpu);
    settings.put(gpu, step);
    kernels::optimizer_step(Context<Cpu>{1}, n, w.host.data(), g.host.data(), host.data(), step, 1);
    kernels::optimizer_step(gpu, n, w.device.data(), g.device.data(), device.data(),
                            settings.data(), nullptr, nullptr);
    CHECK(distance(w.read(), w.host) <= 4 * unit<T>);
    for (const Twin<T>& b : state) CHECK(distance(b.read(), b.host) <= 4 * unit<T>);
  };
  check(PlainDescent{}, std::integral_constant<int, 0>{});
  check(sgd, std::integral_constant<int, 1>{});
  check(RMSprop{.centered = 1}, std::integral_constant<int, 3>{});
  check(FiveTraces{}, std::integral_constant<int, 5>{});
}

TEST_CASE("cuda: norm and clipping factor of the gradients") {
  Sides<double, Sgd> s(sgd);
  s.set_gradients(3);
  const double norm = s.cpu.gradient_norm();
  CHECK(s.gpu.gradient_norm() == doctest::Approx(norm).epsilon(1e-14));
  CHECK(s.gpu.clip_scale(2).value() == doctest::Approx(s.cpu.clip_scale(2)).epsilon(1e-14));
  CHECK(s.gpu.clip_scale(2 * norm).value() == 1);
  s.gpu_model.zero_gradients();
  CHECK(s.gpu.clip_scale(1).value() == 1);
}

TEST_CASE("cuda: frozen layers do not move, and where the gate is closed nothing does") {
  for (const char* frozen : {"a", "bn", "b", ""}) {
    Sides<double, Adam> s(adam);
    s.set_gradients(1);
    s.cpu.step();
    s.gpu.step();
    s.cpu_model.freeze(frozen);
    s.gpu_model.freeze(frozen);
    const auto before = s.gpu_model.get("bn.weight");
    s.set_gradients(2);
    s.cpu.step();
    s.gpu.step();
    s.check();
    CHECK((s.gpu_model.get("bn.weight") == before) ==
          (std::string_view(frozen) == "bn" || std::string_view(frozen).empty()));
  }
  Sides<double, Sgd> s(sgd);
  Twin<int> gate(s.gpu_model.context(), {0});
  s.gpu.set_gate(gate.device.data());
  s.set_gradients(1);
  const auto before = s.parameters();
  s.gpu.step();
  CHECK(s.parameters() == before);
  CHECK(s.gpu.read_buffer(0) == std::vector<double>(before.size()));
  gate.host[0] = 1;
  gate.upload();
  s.gpu.step();
  s.cpu.step();
  s.cpu.set_steps(2);
  s.check();
  s.gpu.set_gate(nullptr);
  gate.host[0] = 0;
  gate.upload();
  s.gpu.step();
  s.cpu.step();
  s.check();
}

TEST_CASE("cuda: buffers are read and written") {
  Sides<float, Adam> s(adam);
  const std::size_t n = s.cpu_model.parameters().size();
  for (const std::size_t b : {0ul, 1ul}) {
    const auto values = random_numbers<float>(n, b + 5);
    s.gpu.write_buffer(b, values);
    s.cpu.write_buffer(b, values);
    CHECK(s.gpu.read_buffer(b) == values);
    CHECK(s.cpu.read_buffer(b) == values);
  }
  const std::string size = std::to_string(n);
  CHECK_THROWS_WITH_AS(s.gpu.write_buffer(1, std::vector<float>(3)),
                       ("buffer 1 of the optimiser has " + size + " elements, got 3").c_str(),
                       ArgumentError);
}

TEST_CASE("cuda: a step repeated as a graph has the settings of its time") {
  Sides<double, Adam> s(adam);
  cuda::Engine& engine = s.gpu_model.context().engine();
  const auto launch = [&] { s.gpu.launch_step(s.gpu.clip_scale(1)); };
  const auto before = s.parameters();
  engine.prepare(launch);
  CHECK(s.parameters() == before);
  CHECK(s.gpu.steps() == 0);
  cuda::runtime::Graph graph(engine.stream(), launch);
  for (int t = 1; t <= 20; ++t) {
    s.set_gradients(static_cast<std::uint64_t>(t));
    s.cpu.step(1.0 / t, s.cpu.clip_scale(1));
    s.gpu.prepare_step(1.0 / t);
    graph.launch(engine.stream());
    s.check();
  }
}
