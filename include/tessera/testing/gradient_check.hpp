// SPDX-License-Identifier: BSD-3-Clause
// Compares the gradients a network computes with central differences of its output, in double: the
// first test of every layer, the library's and the user's.
#pragma once
#include <algorithm>
#include <string>

#include <tessera/testing/detail/checked_network.hpp>

namespace tessera::testing {

struct GradientCheckOptions {
  int batch = 2;
  Seed seed{1};
  int entries = 256;        // up to so many are checked one by one, more in so many groups
  double tolerance = 1e-6;  // |analytic - numeric| over the scale of the tensor's gradients
  double hole_share = 0.3;  // of masked inputs
  Mode mode = Mode::train;
  std::vector<Shape> inputs{};  // sizes other than the declared ones
};

/// What a gradient check found: the worst entry, and where.
struct GradientCheckReport : GradientReport {
  bool in_double =
      true;  // false: a layer is written for float alone, and the check is as coarse as float

  std::string text() const {
    return (passed() ? "passed in " : "FAILED in ") + numbers_text(in_double ? "double" : "float");
  }
};

namespace detail {

/// The gradients of sum(output * random).
template <class Net, class T>
GradientCheckReport check_gradients(const GradientCheckOptions& options) {
  constexpr bool in_double = std::is_same_v<T, double>;
  GradientCheckReport report;
  report.in_double = in_double;
  report.tolerance = in_double ? options.tolerance : std::max(options.tolerance, 2e-2);
  RandomStream random(options.seed, 0x636865636Bu);
  CheckedNetwork<Net, T> net(
      random, options.seed, Context<Cpu>{1},
      {.batch = options.batch, .mode = options.mode, .inputs = options.inputs}, options.hole_share,
      [&] { return random.normal(); });
  Tensor<T> probe(options.batch, net.pass().output().shape());
  for (T& p : probe.span()) p = static_cast<T>(random.normal());
  const auto loss = [&] {
    net.forward();
    const View<const T> y = net.pass().output();
    double sum = 0;
    for (std::ptrdiff_t p = 0; p < y.pixels(); ++p)
      for (int c = 0; c < y.channels; ++c)
        sum += static_cast<double>(y.pixel(p)[c]) * static_cast<double>(probe.view().pixel(p)[c]);
    return sum;
  };
  net.backward([&](Pass<Cpu, T>& pass) {
    kernels::add_into(pass.context(), std::as_const(probe).view(), pass.output_gradient());
  });
  net.compare(loss, {options.seed, options.entries, in_double ? 1e-5 : 1e-2}, report,
              [](std::string name) { return name; });
  return report;
}

}  // namespace detail

/// Checks every parameter's and every input's gradient of sum(output * random) by central
/// differences. No entry is left out: a tensor of more than `entries` numbers is checked in as many
/// groups drawn at random, and a group that fails is halved until the entry is found. Dead buffers
/// are poisoned and parameter gradients start at 1, so a plan or a layer that reads what it should
/// not, or assigns where it should add, is found too. A layer written for float alone is checked in
/// float, and the report says so.
///
/// Example    CHECK(gradient_check<Network<Input<5, 7, 3>, MyLayer<3>>>().passed());
template <class Net>
GradientCheckReport gradient_check(const GradientCheckOptions& options = {}) {
  bool in_double = true;
  for (const auto& c : code<Net, Cpu, double>()) in_double &= c.forward != nullptr;
  if (in_double) return detail::check_gradients<Net, double>(options);
  return detail::check_gradients<Net, float>(options);
}

}  // namespace tessera::testing
