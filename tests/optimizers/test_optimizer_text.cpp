// SPDX-License-Identifier: BSD-3-Clause
// Optimisers from one text: PyTorch's numbers over 100 steps in double (golden/README.md), a text
// of the user's own, and algorithms with any number of buffers.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/conv2d.hpp>
#include <tessera/optimizers/optimizer.hpp>

#include "../golden/golden.hpp"

using namespace tessera;

// clang-format off
// Momentum whose steps shrink, with a setting, a number of the step, and an `if` on a setting.
TESSERA_OPTIMIZER(Fading, (learning_rate = 0.5, momentum = 0.9, sign = 0),
  (rate = learning_rate / sqrt(t)),
  template <class T> void update(T& w, T g, T& u) const {
    if (sign != 0) g = select(g > T(0), T(1), T(-1));
    u = constant<T>(momentum) * u + g;
    w = w - constant<T>(rate) * u;
  })
TESSERA_OPTIMIZER(Descent, (learning_rate = 0.5), (),
  template <class T> void update(T& w, T g) const { w = w - constant<T>(learning_rate) * g; })
// clang-format on

namespace {

using Net = Network<Input<2, 2, 1>, Conv2d<1, 2, kernel(1)>>;

/// An algorithm with a step of its own: buffer b counts its steps from b on.
template <int N>
struct Counters {
  static constexpr int buffers = N;
  template <class T>
  void step(const Context<Cpu>&, const ParameterRange<T>& r, std::int64_t, double, double) const {
    for (int b = 0; b < N; ++b)
      for (std::size_t i = 0; i < r.size; ++i) r.buffer[b][i] += static_cast<T>(b + 1);
  }
};

template <int N>
void check_counters() {
  Model<Net, Cpu, double> model(Seed{1});
  Optimizer optimizer(model, Counters<N>{});
  optimizer.step();
  optimizer.step();
  for (int b = 0; b < N; ++b)
    for (const double v : optimizer.buffer(static_cast<std::size_t>(b))) CHECK(v == 2 * (b + 1));
}

/// 100 steps from w = v of "w", with gradients v of "g<t>" + w / 2.
template <class Algorithm>
void check_golden(const char* name, const Algorithm& algorithm) {
  CAPTURE(name);
  const std::vector<double> want = golden::load("optimizers", "optimizers").at(name);
  const std::size_t n = want.size();
  std::vector<double> w = golden::values("w", n);
  std::vector<std::vector<double>> buffers(static_cast<std::size_t>(Algorithm::buffers),
                                           std::vector<double>(n));
  std::vector<double*> places;
  for (auto& b : buffers) places.push_back(b.data());
  for (int t = 1; t <= 100; ++t) {
    std::vector<double> g = golden::values("g" + std::to_string(t), n);
    for (std::size_t i = 0; i < n; ++i) g[i] += 0.5 * w[i];
    kernels::optimizer_step(Context<Cpu>{1}, n, w.data(), g.data(), places.data(),
                            step_of(algorithm, t, 1), 1);
  }
  for (std::size_t i = 0; i < n; ++i) CHECK(std::abs(w[i] - want[i]) <= 1e-10);
}

}  // namespace

TEST_CASE("the optimisers have PyTorch's numbers after 100 steps") {
  check_golden("sgd", Sgd{.learning_rate = 0.05});
  check_golden("sgd_momentum_decay",
               Sgd{.learning_rate = 0.05, .momentum = 0.9, .weight_decay = 0.1});
  check_golden("adam", Adam{});
  const Adam adam{
      .learning_rate = 0.02, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 1e-6, .weight_decay = 0.1};
  check_golden("adam_decay", adam);
  check_golden("adamw", AdamW{});
  const AdamW adamw{
      .learning_rate = 0.02, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 1e-6, .weight_decay = 0.3};
  check_golden("adamw_decay", adamw);
  check_golden("rmsprop", RMSprop{});
  RMSprop rmsprop{.learning_rate = 0.005, .alpha = 0.9, .epsilon = 1e-6, .weight_decay = 0.1};
  rmsprop.momentum = 0.8;
  check_golden("rmsprop_momentum", rmsprop);
  check_golden("rmsprop_centered", RMSprop{.centered = true});
  rmsprop.centered = true;
  check_golden("rmsprop_all", rmsprop);
}

TEST_CASE("a text of the user's own: settings, the step's numbers, schedules") {
  for (const double sign : {0.0, 1.0}) {
    Model<Net, Cpu, double> model(Seed{1});
    Optimizer optimizer(model, Fading{.momentum = 0.75, .sign = sign});
    std::vector<double> w(model.parameters().begin(), model.parameters().end());
    std::vector<double> u(w.size());
    for (int t = 1; t <= 4; ++t) {
      RandomStream random(Seed{3}, static_cast<std::uint64_t>(t));
      for (double& g : model.gradients()) g = random.normal();
      optimizer.step(1.0 / t, 2);
      for (std::size_t i = 0; i < w.size(); ++i) {
        const double g = 2 * model.gradients()[i];
        u[i] = 0.75 * u[i] + (sign != 0 ? std::copysign(1.0, g) : g);
        w[i] -= 0.5 / t / std::sqrt(t) * u[i];
      }
    }
    for (std::size_t i = 0; i < w.size(); ++i)
      CHECK(model.parameters()[i] == doctest::Approx(w[i]).epsilon(1e-13));
  }
  CHECK(Fading{}.describe() == "fading(learning_rate 0.5, momentum 0.9, sign 0)");
  CHECK(Adam{}.describe() ==
        "adam(learning_rate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-08, weight_decay 0)");
  CHECK(Sgd{}.describe() == "sgd(learning_rate 0.01, momentum 0, weight_decay 0)");
  static_assert(Descent::buffers == 0 && Fading::buffers == 1 && RMSprop::buffers == 3);
}

TEST_CASE("algorithms may have any number of buffers") {
  check_counters<0>();
  check_counters<1>();
  check_counters<2>();
  check_counters<3>();
  check_counters<17>();
}
