// SPDX-License-Identifier: BSD-3-Clause
// Gradient checks that count themselves: the tests of layers and losses print at their end how many
// were run, and CTest takes a test that ran none for a failure.
#pragma once
#include <doctest/doctest.h>

#include <vector>

#include <tessera/testing/gradient_check.hpp>

#include "gradient_checks_run.hpp"

namespace tessera::testing {

/// Checks a network at each of these input sizes (the declared one if none) and at batches 1 to 3.
template <class Net>
void expect_gradients(const std::vector<Shape>& sizes = {}, GradientCheckOptions options = {}) {
  const int batches[]{1, 2, 3};
  for (const Shape& size : sizes.empty() ? std::vector<Shape>{input_shape<Net>} : sizes)
    for (const int batch : batches) {
      options.batch = batch;
      options.inputs = {size};
      const auto report = gradient_check<Net>(options);
      CHECK_MESSAGE(report.passed(), to_string(size), " batch ", batch, ": ", report.text());
      CHECK(report.in_double);
      ++gradient_checks_run;
    }
}

/// The analytic gradient of a scalar function by x against central differences, in double, on the
/// scale of the largest. `value()` computes it from the x as it stands.
template <class Value>
void expect_gradient(std::span<double> x, std::span<const double> gradient, const Value& value,
                     double tolerance = 1e-6, double step = 1e-5) {
  REQUIRE(x.size() == gradient.size());
  double scale = 1e-2;
  for (const double g : gradient) scale = std::max(scale, std::abs(g));
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double kept = x[k];
    x[k] = kept + step;
    const double above = value();
    x[k] = kept - step;
    const double below = value();
    x[k] = kept;
    const double numeric = (above - below) / (2 * step);
    CHECK_MESSAGE(std::abs(numeric - gradient[k]) <= tolerance * scale, "element ", k,
                  ": gradient ", gradient[k], ", difference ", numeric);
  }
  ++gradient_checks_run;
}

}  // namespace tessera::testing
