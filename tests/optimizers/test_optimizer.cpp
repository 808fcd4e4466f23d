// SPDX-License-Identifier: BSD-3-Clause
// Optimisers on a model against naive loops in double: Adam, SGD, decay, momentum, clipping, frozen
// layers.
#include <doctest/doctest.h>

#include <cmath>

#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/optimizers/optimizer.hpp>

using namespace tessera;

namespace {

using Net = Network<Input<4, 4, 3>, Named<"a", Conv2d<3, 5, kernel(3).same()>>,
                    Named<"bn", BatchNorm2d<5>>, Named<"b", Conv2d<5, 2, kernel(1)>>>;

void set_gradients(Model<Net, Cpu, double>& model, std::uint64_t step) {
  RandomStream random(Seed{3}, step);
  for (double& g : model.gradients()) g = random.normal();
}
std::vector<double> copy(std::span<const double> values) { return {values.begin(), values.end()}; }

/// A user's algorithm: what the CPU needs.
struct SignDescent {
  static constexpr int buffers = 0;
  double learning_rate = 0.5;

  template <class T>
  void step(const Context<Cpu>&, const ParameterRange<T>& r, std::int64_t t, double factor,
            double gradient_scale) const {
    for (std::size_t i = 0; i < r.size; ++i)
      r.parameters[i] -= std::copysign(learning_rate * factor / static_cast<double>(t),
                                       gradient_scale * r.gradients[i]);
  }
};

}  // namespace

TEST_CASE("Adam equals the formula over several steps") {
  for (const double decay : {0.0, 0.1}) {
    Model<Net, Cpu, double> model(Seed{1});
    const Adam adam{
        .learning_rate = 0.02, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 1e-6, .weight_decay = decay};
    Optimizer optimizer(model, adam);
    auto w = copy(model.parameters());
    std::vector<double> m(w.size()), v(w.size());
    for (int t = 1; t <= 5; ++t) {
      set_gradients(model, static_cast<std::uint64_t>(t));
      const double factor = 1.0 / t, scale = 0.5;
      for (std::size_t i = 0; i < w.size(); ++i) {
        const double g = scale * model.gradients()[i] + decay * w[i];
        m[i] = 0.5 * m[i] + 0.5 * g;
        v[i] = 0.99 * v[i] + 0.01 * g * g;
        w[i] -= 0.02 * factor * (m[i] / (1 - std::pow(0.5, t))) /
                (std::sqrt(v[i] / (1 - std::pow(0.99, t))) + 1e-6);
      }
      optimizer.step(factor, scale);
    }
    CHECK(optimizer.steps() == 5);
    for (std::size_t i = 0; i < w.size(); ++i) {
      CHECK(model.parameters()[i] == doctest::Approx(w[i]).epsilon(1e-11));
      CHECK(optimizer.buffer(0)[i] == doctest::Approx(m[i]).epsilon(1e-11));
      CHECK(optimizer.buffer(1)[i] == doctest::Approx(v[i]).epsilon(1e-11));
    }
  }
}

TEST_CASE("SGD equals the formula, with momentum and weight decay") {
  for (const double momentum : {0.0, 0.9})
    for (const double decay : {0.0, 0.05}) {
      Model<Net, Cpu, double> model(Seed{1});
      Optimizer optimizer(model,
                          Sgd{.learning_rate = 0.1, .momentum = momentum, .weight_decay = decay});
      auto w = copy(model.parameters());
      std::vector<double> u(w.size());
      for (std::uint64_t t = 0; t < 4; ++t) {
        set_gradients(model, t);
        for (std::size_t i = 0; i < w.size(); ++i) {
          u[i] = momentum * u[i] + model.gradients()[i] + decay * w[i];
          w[i] -= 0.1 * u[i];
        }
        optimizer.step();
      }
      for (std::size_t i = 0; i < w.size(); ++i)
        CHECK(model.parameters()[i] == doctest::Approx(w[i]).epsilon(1e-11));
    }
}

TEST_CASE("clipping is PyTorch's clip_grad_norm_") {
  Model<Net, Cpu, double> model;
  Optimizer optimizer(model, Sgd{});
  set_gradients(model, 1);
  double square = 0;
  for (const double g : model.gradients()) square += g * g;
  const double norm = std::sqrt(square);
  CHECK(optimizer.gradient_norm() == doctest::Approx(norm).epsilon(1e-12));
  CHECK(optimizer.clip_scale(2) == doctest::Approx(2 / (norm + 1e-6)).epsilon(1e-12));
  CHECK(optimizer.clip_scale(2 * norm) == 1);
  model.zero_gradients();
  CHECK(optimizer.clip_scale(1) == 1);
}

TEST_CASE("frozen layers do not move, their neighbours do") {
  for (const char* frozen : {"a", "bn", "b"}) {
    Model<Net, Cpu, double> model(Seed{1});
    Optimizer optimizer(model, Adam{.learning_rate = 0.1, .weight_decay = 0.1});
    set_gradients(model, 1);
    optimizer.step();
    model.freeze(frozen);
    std::vector<std::vector<double>> before;
    for (const auto& t : model.tensors()) before.push_back(model.get(t.name));
    set_gradients(model, 2);
    optimizer.step();
    for (const auto& t : model.tensors()) {
      if (t.role != Role::trained) continue;
      const bool same = t.name.starts_with(std::string(frozen) + ".");
      CAPTURE(t.name);
      CHECK((model.get(t.name) == before[t.index]) == same);
    }
  }
}

TEST_CASE("with everything frozen nothing moves") {
  Model<Net, Cpu, double> model(Seed{1});
  model.freeze("");
  Optimizer optimizer(model, Adam{.weight_decay = 1});
  const auto before = copy(model.parameters());
  set_gradients(model, 1);
  optimizer.step();
  CHECK(copy(model.parameters()) == before);
}

TEST_CASE("an algorithm of the user's own") {
  Model<Net, Cpu, double> model(Seed{1});
  Optimizer optimizer(model, SignDescent{});
  auto w = copy(model.parameters());
  for (int t = 1; t <= 3; ++t) {
    set_gradients(model, static_cast<std::uint64_t>(t));
    for (std::size_t i = 0; i < w.size(); ++i)
      w[i] -= std::copysign(0.5 * 0.25 / t, -model.gradients()[i]);
    optimizer.prepare_step(0.25);  // the two parts of a step
    optimizer.launch_step(-2);
  }
  CHECK(copy(model.parameters()) == w);
  CHECK(describe_algorithm(optimizer.algorithm()) == "an optimiser");
}
