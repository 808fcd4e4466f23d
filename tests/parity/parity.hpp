// SPDX-License-Identifier: BSD-3-Clause
// A network against PyTorch's values (../golden/README.md). In double every recorded number must be
// met to a relative 1e-8. The float run is then compared with the double run in full, by the
// measure by which PyTorch's own float run was compared with its double run, and may deviate 4
// times as far.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include <tessera/losses/mse.hpp>
#include <tessera/network/model.hpp>
#include <tessera/optimizers/optimizer.hpp>

#include "../golden/golden.hpp"

namespace parity {

using namespace tessera;
using nlohmann::json;
using Values = std::vector<double>;

/// How an input of the golden run was made of v in [-1, 1): in [low, 1), and 0 in holes or not.
struct InputValues {
  double low;
  bool holes_are_zero;
};
inline constexpr InputValues signed_masked{-1, true}, signed_whole{-1, false}, unit_masked{0, true};

/// What a network gives, in NCHW order.
struct Results {
  Values eval_output, train_output, input_gradient;
  double train_loss = 0;
  std::map<std::string, Values> gradients, statistics;
  std::vector<bool> gates;  // of every ReLU, LeakyReLU and PReLU in training: whether it was open
  Values adam_losses;
};

/// Largest deviations. Outputs: absolute; gradients, statistics, losses: relative to the tensor's
/// norm.
struct Worst {
  double output = 0, gradient = 0, statistics = 0, adam = 0;
};
/// Keeps the largest; NaN counts as infinite.
inline double note(double& worst, double deviation) {
  if (!(deviation <= 1e300)) deviation = HUGE_VAL;
  worst = std::max(worst, deviation);
  return deviation;
}

template <class T>
void set_inputs(Pass<Cpu, T>& pass, const std::vector<InputValues>& inputs) {
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
    const InputValues rule = inputs[static_cast<std::size_t>(i)];
    const View<T> x = pass.input(i);
    golden::fill_view(x, "input", [&](double v, int n, int h, int w) {
      if (rule.holes_are_zero && golden::hole(x.height, n, h, w)) return 0.0;
      return rule.low + (1 - rule.low) * 0.5 * (v + 1);
    });
    const MutableValidView valid = pass.input_valid(i);
    for (int n = 0; n < valid.batch; ++n)
      for (int h = 0; h < valid.height; ++h)
        for (int w = 0; w < valid.width; ++w)
          *valid.pixel(n, h, w) = !golden::hole(x.height, n, h, w);
  }
}

/// Losses before each of `steps` Adam steps on mean((output - probe / 2)^2), from fresh parameters.
template <class Net, class T>
Values adam_losses(Model<Net, Cpu, T>& model, Pass<Cpu, T>& pass,
                   const std::vector<InputValues>& inputs, std::size_t steps) {
  golden::fill(model);
  Optimizer optimizer(model, Adam{.learning_rate = 1e-3});
  const MseLoss mse;
  Tensor<T> target(pass.batch(), pass.output().shape());
  golden::fill_view(target.view(), "probe", [](double v, int, int, int) { return 0.5 * v; });
  Values losses;
  while (losses.size() < steps) {
    set_inputs(pass, inputs);
    pass.forward();
    pass.zero_gradients();
    LossTerms terms;
    mse(pass, Truth<T>{target.view(), {}}, terms);
    losses.push_back(terms.total());
    model.zero_gradients();
    pass.backward();
    optimizer.step();
  }
  return losses;
}

/// Adds y > 0, where y comes from a layer whose slope changes at 0.
template <class T>
void add_gates(const Operation& op, View<const T> y, std::vector<bool>& gates) {
  if (!op.layer->name.ends_with("relu")) return;
  for (int n = 0; n < y.batch; ++n)
    for (int h = 0; h < y.height; ++h)
      for (int w = 0; w < y.width; ++w)
        for (int c = 0; c < y.channels; ++c) gates.push_back(y(n, h, w, c) > T(0));
}

template <class Net, class T>
Results run(int batch, const std::vector<InputValues>& inputs, std::size_t adam_steps) {
  Results r;
  Model<Net, Cpu, T> model;
  golden::fill(model);
  auto pass = model.pass({.batch = batch,
                          .mode = Mode::evaluate,
                          .input_gradients = true,
                          .poison_dead_buffers = sizeof(T) == sizeof(double)});
  set_inputs(pass, inputs);
  pass.forward();
  r.eval_output = golden::nchw(pass.output());

  pass.set_mode(Mode::train);
  set_inputs(pass, inputs);
  pass.forward([&](int i) {
    add_gates(Net::structure.operations[static_cast<std::size_t>(i)], pass.output_of(i), r.gates);
  });
  r.train_output = golden::nchw(pass.output());
  const Values probe = golden::values("probe", r.train_output.size());
  const double n = static_cast<double>(probe.size());
  for (std::size_t k = 0; k < probe.size(); ++k) r.train_loss += r.train_output[k] * probe[k] / n;
  golden::fill_view(pass.output_gradient(), "probe",
                    [&](double v, int, int, int) { return v / n; });
  pass.backward();
  r.input_gradient = golden::nchw(pass.input_gradient());
  for (const auto& t : model.tensors()) {
    const auto v = t.role == Role::trained ? model.gradient(t.name) : model.get(t.name);
    auto& list = t.role == Role::trained ? r.gradients : r.statistics;
    list[t.name] = Values(v.begin(), v.end());
  }
  if (adam_steps > 0) r.adam_losses = adam_losses(model, pass, inputs, adam_steps);
  return r;
}

/// Mean, rms and probes, on the scale of the rms.
inline void check_output(const Values& y, const json& expected, Worst& worst) {
  REQUIRE(y.size() == expected.at("numel").get<std::size_t>());
  double mean = 0;
  for (const double v : y) mean += v / static_cast<double>(y.size());
  const double scale = expected.at("rms");
  const auto near = [&](double got, double want) {
    CHECK(note(worst.output, std::abs(got - want)) <= 1e-8 * scale);
  };
  near(mean, expected.at("mean"));
  near(golden::l2(y) / std::sqrt(static_cast<double>(y.size())), expected.at("rms"));
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(golden::probe_index(j, y.size()) == expected.at("index")[j].get<std::size_t>());
    near(y[golden::probe_index(j, y.size())], expected.at("value")[j]);
  }
}

/// Norm and probes. A gradient far below the network's largest is rounding noise in any arithmetic
/// (a bias before batch norm): it must only be as small.
inline void check_gradient(const std::string& name, const Values& g, double l2, const json& probes,
                           double largest, Worst& worst) {
  CAPTURE(name);
  if (l2 < 1e-6 * largest) {
    CHECK(golden::l2(g) <= 1e-8 * largest);
    return;
  }
  CHECK(note(worst.gradient, std::abs(golden::l2(g) - l2) / l2) <= 1e-8);
  for (std::size_t j = 0; j < probes.size(); ++j) {
    const double error = std::abs(g[golden::probe_index(j, g.size())] - probes[j].get<double>());
    CHECK(note(worst.gradient, error / l2) <= 1e-8);
  }
}

inline double largest_norm(const json& norms) {
  double largest = 0;
  for (const auto& [name, l2] : norms.items()) largest = std::max(largest, l2.get<double>());
  return largest;
}

/// The double run against every recorded number.
inline Worst check_double(const Results& r, const json& expected) {
  Worst worst;
  check_output(r.eval_output, expected.at("eval_output"), worst);
  check_output(r.train_output, expected.at("train_output"), worst);
  const double rms = expected.at("train_output").at("rms");
  CHECK(std::abs(r.train_loss - expected.at("train_loss").get<double>()) <= 1e-8 * rms);
  const json& norms = expected.at("grad_l2");
  CHECK(norms.size() == r.gradients.size());
  const double largest = largest_norm(norms);
  for (const auto& entry : r.gradients) {  // no structured binding: clang 14 cannot capture it
    const std::string& name = entry.first;
    REQUIRE_MESSAGE(norms.contains(name), name);
    check_gradient(name, entry.second, norms.at(name), expected.at("grad_value").at(name), largest,
                   worst);
  }
  const json& input = expected.at("input_grad");
  check_gradient("input", r.input_gradient, input.at("l2"), input.at("value"), input.at("l2"),
                 worst);
  CHECK(3 * expected.at("running_after").size() == r.statistics.size());
  for (const auto& entry : expected.at("running_after").items()) {
    const std::string bn = entry.key();
    const json& both = entry.value();
    CAPTURE(bn);
    const char* const parts[]{".running_mean", ".running_var"};
    for (std::size_t i = 0; i < 2; ++i) {
      const double want = both[i];
      const double got = golden::l2(r.statistics.at(bn + parts[i]));
      CHECK(note(worst.statistics, std::abs(got / want - 1)) <= 1e-8);
    }
    CHECK(r.statistics.at(bn + ".num_batches_tracked")[0] == 1);
  }
  for (std::size_t i = 0; i < r.adam_losses.size(); ++i) {
    const double want = expected.at("adam_losses")[i];
    CHECK(note(worst.adam, std::abs(r.adam_losses[i] / want - 1)) <= 1e-8);
  }
  return worst;
}

/// |a - b| / |b| in L2.
inline double distance(const Values& a, const Values& b) {
  Values difference(a.size());
  for (std::size_t k = 0; k < a.size(); ++k) difference[k] = a[k] - b[k];
  return golden::l2(difference) / golden::l2(b);
}

/// What the float run may deviate.
struct FloatBounds {
  double output, gradient, adam;
};

/// The float run against the double run, all elements.
inline Worst check_float(const Results& r, const Results& exact, const json& expected,
                         const FloatBounds& bounds) {
  Worst worst;
  const auto check_all = [&](const Values& a, const Values& b) {
    REQUIRE(a.size() == b.size());
    double largest = 0;
    for (std::size_t k = 0; k < a.size(); ++k) note(largest, std::abs(a[k] - b[k]));
    CHECK(note(worst.output, largest) <= bounds.output);
  };
  check_all(r.eval_output, exact.eval_output);
  check_all(r.train_output, exact.train_output);
  CHECK(std::abs(r.train_loss - exact.train_loss) <= bounds.output);
  const double largest = largest_norm(expected.at("grad_l2"));
  for (const auto& entry : exact.gradients) {
    const std::string& name = entry.first;
    const Values& g = entry.second;
    CAPTURE(name);
    const Values& f = r.gradients.at(name);
    if (golden::l2(g) < 1e-6 * largest)
      CHECK(golden::l2(f) <= std::max(1e-6, bounds.gradient) * largest);
    else CHECK(note(worst.gradient, distance(f, g)) <= bounds.gradient);
  }
  CHECK(note(worst.gradient, distance(r.input_gradient, exact.input_gradient)) <= bounds.gradient);
  for (const auto& entry : exact.statistics) {
    const std::string& name = entry.first;
    const Values& s = entry.second;
    CAPTURE(name);
    if (name.ends_with("num_batches_tracked")) CHECK(r.statistics.at(name) == s);
    else CHECK(note(worst.statistics, distance(r.statistics.at(name), s)) <= bounds.output);
  }
  for (std::size_t i = 0; i < r.adam_losses.size(); ++i)
    CHECK(note(worst.adam, std::abs(r.adam_losses[i] / exact.adam_losses[i] - 1)) <= bounds.adam);
  return worst;
}

/// Gates that are open in one run and closed in the other.
inline int flipped_gates(const Results& a, const Results& b) {
  REQUIRE(a.gates.size() == b.gates.size());
  int flipped = 0;
  for (std::size_t k = 0; k < a.gates.size(); ++k) flipped += a.gates[k] != b.gates[k];
  return flipped;
}

/// What one flipped gate did to gradients in PyTorch, at most (../golden/README.md).
inline constexpr double flipped_gate_deviation = 2.8e-3;

/// Both runs, and a line that says how far they are off. `adam_deviation` is PyTorch's own largest
/// one in float32 over the ten Adam steps (../golden/README.md).
template <class Net>
void expect_parity(const std::string& system, const std::string& network,
                   const std::vector<InputValues>& inputs, double adam_deviation = 0) {
  const json expected = golden::load(system, network);
  REQUIRE(parameter_count<Net> == expected.at("parameters").get<std::int64_t>());
  REQUIRE(inputs.size() == static_cast<std::size_t>(Net::structure.inputs));
  const int batch = expected.at("inputs")[0][0];
  REQUIRE(Net::structure.values[0].shape.height == expected.at("inputs")[0][2].get<int>());
  const std::size_t steps = expected.contains("adam_losses") ? expected["adam_losses"].size() : 0;
  const double output = expected.at("float32_train_max_abs_dev"),
               gradient = expected.at("float32_grad_max_rel_dev");

  const Results exact = run<Net, double>(batch, inputs, steps);
  const Worst in_double = check_double(exact, expected);
  const Results rounded = run<Net, float>(batch, inputs, steps);
  const int flipped = flipped_gates(rounded, exact);
  const FloatBounds bounds{4 * output, std::max(4 * gradient, flipped * flipped_gate_deviation),
                           4 * adam_deviation};
  const Worst in_float = check_float(rounded, exact, expected, bounds);
  std::printf(
      "parity | %s.%s | %lld | %.1e, %.1e | %.1e, %.1e | %.1e, %.1e | statistics %.1e, %.1e | "
      "flipped gates %d of %zu",
      system.c_str(), network.c_str(), static_cast<long long>(parameter_count<Net>),
      in_double.output, in_double.gradient, in_float.output, in_float.gradient, output, gradient,
      in_double.statistics, in_float.statistics, flipped, exact.gates.size());
  if (steps > 0)
    std::printf(" | Adam %.1e, %.1e (PyTorch %.1e)", in_double.adam, in_float.adam, adam_deviation);
  std::printf("\n");
}

}  // namespace parity
