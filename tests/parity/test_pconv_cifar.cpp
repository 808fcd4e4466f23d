// SPDX-License-Identifier: BSD-3-Clause
// The CIFAR-10 partial-convolution networks against PyTorch's values: double at relative 1e-8,
// float at a few times PyTorch's own deviation.
#include <doctest/doctest.h>

#include <tessera/losses/mse.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>
#include <tessera/optimizers/optimizer.hpp>

#include "../golden/golden.hpp"

using namespace tessera;
using nlohmann::json;

namespace {

/// PyTorch's own largest deviation in float32 over ten Adam steps (golden/README.md).
constexpr double float32_adam_dev = 6.8e-5;

struct Tolerance {
  double output;    // absolute, of values in (0, 1)
  double gradient;  // relative to the L2 norm of a tensor's gradient
  double adam;      // relative, of the losses of ten Adam steps
};

/// Largest deviation seen, for the report.
struct Worst {
  double output = 0, gradient = 0, statistics = 0, adam = 0;
};

void check_output(const std::vector<double>& y, const json& expected, double tolerance,
                  Worst& worst) {
  REQUIRE(y.size() == expected.at("numel").get<std::size_t>());
  double mean = 0;
  for (const double v : y) mean += v / static_cast<double>(y.size());
  const double rms = golden::l2(y) / std::sqrt(static_cast<double>(y.size()));
  const auto near = [&](double got, double want) {
    worst.output = std::max(worst.output, std::abs(got - want));
    CHECK(std::abs(got - want) <= tolerance);
  };
  near(mean, expected.at("mean"));
  near(rms, expected.at("rms"));
  for (std::size_t j = 0; j < 8; ++j) {
    CHECK(golden::probe_index(j, y.size()) == expected.at("index")[j].get<std::size_t>());
    near(y[golden::probe_index(j, y.size())], expected.at("value")[j]);
  }
}

/// Gradient `g` by its norm and probes. A gradient far below the network's largest is rounding
/// noise in any arithmetic (a bias before batch norm): it must only be as small.
void check_gradient(const std::string& name, const std::vector<double>& g, double l2,
                    const json& probes, double largest, double tolerance, Worst& worst) {
  CAPTURE(name);
  if (l2 < 1e-6 * largest) {
    CHECK(golden::l2(g) <= std::max(1e-8, tolerance) * largest);
    return;
  }
  worst.gradient = std::max(worst.gradient, std::abs(golden::l2(g) - l2) / l2);
  CHECK(std::abs(golden::l2(g) - l2) <= tolerance * l2);
  for (std::size_t j = 0; j < probes.size(); ++j) {
    const double error = std::abs(g[golden::probe_index(j, g.size())] - probes[j].get<double>());
    worst.gradient = std::max(worst.gradient, error / l2);
    CHECK(error <= tolerance * l2);
  }
}

template <class T>
void set_input(Pass<Cpu, T>& pass) {
  golden::fill_view(pass.input(), "input", [](double v, int n, int h, int w) {
    return golden::hole32(n, h, w) ? 0.0 : 0.5 + 0.5 * v;
  });
  const MutableMaskView valid = pass.input_valid();
  for (int n = 0; n < valid.batch; ++n)
    for (int h = 0; h < valid.height; ++h)
      for (int w = 0; w < valid.width; ++w) *valid.pixel(n, h, w) = !golden::hole32(n, h, w);
}

template <class Net, class T>
void check_network(const char* name, const Tolerance& tolerance) {
  const json expected = golden::load("pconv_cifar.json", name);
  Worst worst;
  Model<Net, Cpu, T> model;
  REQUIRE(parameter_count<Net> == expected.at("parameters").get<std::int64_t>());
  golden::fill(model);
  const int batch = expected.at("inputs")[0][0];
  auto pass = model.pass({.batch = batch, .mode = Mode::evaluate, .input_gradients = true});

  set_input(pass);
  pass.forward();
  check_output(golden::nchw(pass.output()), expected.at("eval_output"), tolerance.output, worst);

  pass.set_mode(Mode::train);
  set_input(pass);
  pass.forward();
  const auto y = golden::nchw(pass.output());
  check_output(y, expected.at("train_output"), tolerance.output, worst);
  const auto probe = golden::values("probe", y.size());
  double loss = 0;
  for (std::size_t k = 0; k < y.size(); ++k)
    loss += y[k] * probe[k] / static_cast<double>(y.size());
  CHECK(std::abs(loss - expected.at("train_loss").get<double>()) <= tolerance.output);
  const double n = static_cast<double>(y.size());
  golden::fill_view(pass.output_gradient(), "probe",
                    [&](double v, int, int, int) { return v / n; });
  pass.backward();

  double largest = 0;
  for (const auto& [key, l2] : expected.at("grad_l2").items())
    largest = std::max(largest, l2.template get<double>());
  for (const auto& t : model.tensors()) {
    if (t.role != Role::trained) continue;
    const auto g = model.gradient(t.name);
    check_gradient(t.name, {g.begin(), g.end()}, expected.at("grad_l2").at(t.name),
                   expected.at("grad_value").at(t.name), largest, tolerance.gradient, worst);
  }
  const json& input = expected.at("input_grad");
  check_gradient("input", golden::nchw(pass.input_gradient()), input.at("l2"), input.at("value"),
                 input.at("l2"), tolerance.gradient, worst);
  for (const auto& [bn, norms] : expected.at("running_after").items()) {
    CAPTURE(bn);
    const double mean = golden::l2(model.get(bn + ".running_mean")),
                 var = golden::l2(model.get(bn + ".running_var"));
    worst.statistics =
        std::max({worst.statistics, std::abs(mean / norms[0].template get<double>() - 1),
                  std::abs(var / norms[1].template get<double>() - 1)});
    CHECK(mean == doctest::Approx(norms[0].template get<double>()).epsilon(tolerance.gradient));
    CHECK(var == doctest::Approx(norms[1].template get<double>()).epsilon(tolerance.gradient));
    CHECK(model.get(bn + ".num_batches_tracked")[0] == 1);
  }

  // Ten Adam steps from fresh parameters.
  golden::fill(model);
  Optimizer optimizer(model, Adam{.learning_rate = 1e-3});
  const MseLoss mse;
  Tensor<T> target(batch, pass.output().shape());
  golden::fill_view(target.view(), "probe", [](double v, int, int, int) { return 0.5 * v; });
  for (const auto& expected_loss : expected.at("adam_losses")) {
    set_input(pass);
    pass.forward();
    pass.zero_gradients();
    LossTerms terms;
    mse(pass, Truth<T>{target.view(), nullptr}, terms);
    const double want = expected_loss.get<double>();
    worst.adam = std::max(worst.adam, std::abs(terms.total() / want - 1));
    CHECK(std::abs(terms.total() / want - 1) <= tolerance.adam);
    model.zero_gradients();
    pass.backward();
    optimizer.step();
  }
  const std::string title = std::string(name) + (sizeof(T) == 8 ? " double" : " float");
  MESSAGE(title, ": output ", worst.output, ", gradient ", worst.gradient, ", statistics ",
          worst.statistics, ", Adam ", worst.adam, " (PyTorch float32: output ",
          expected.at("float32_train_max_abs_dev").get<double>(), ", gradient ",
          expected.at("float32_grad_max_rel_dev").get<double>(), ")");
}

template <class Net>
void check_both(const char* name) {
  check_network<Net, double>(name, {1e-8, 1e-8, 1e-8});
  const json expected = golden::load("pconv_cifar.json", name);
  check_network<Net, float>(
      name, {4 * expected.at("float32_train_max_abs_dev").get<double>(),
             4 * expected.at("float32_grad_max_rel_dev").get<double>(), 4 * float32_adam_dev});
}

}  // namespace

TEST_CASE("the fill rule gives its test vectors") {
  CHECK(golden::fnv1a("input") == 0x1ebbae8f5810b65bu);
  const auto v = golden::values("input", 3);
  CHECK(v[0] == -0.8043633146849236);
  CHECK(v[1] == 0.30472085653436465);
  CHECK(v[2] == -0.5927514534729075);
}

TEST_CASE("pconv_cifar_net1 equals PyTorch") {
  check_both<models::PConvCifarNet1>("pconv_cifar_net1.net");
}
TEST_CASE("pconv_cifar_net2 equals PyTorch") {
  check_both<models::PConvCifarNet2>("pconv_cifar_net2.net");
}
TEST_CASE("pconv_cifar_net2 with same-resolution skips equals PyTorch") {
  check_both<models::PConvCifarNet2Same>("pconv_cifar_net2.net_same");
}
