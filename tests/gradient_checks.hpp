// SPDX-License-Identifier: BSD-3-Clause
// Gradient checks that count themselves: the tests of layers and losses print at their end how many
// were run, and CTest takes a test that ran none for a failure.
#pragma once
#include <doctest/doctest.h>

#include <limits>
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
/// scale of the largest. `value()` computes it from the x as it stands. An x of more than `groups`
/// numbers is checked in groups.
template <class Value>
void expect_gradient(std::span<double> x, std::span<const double> gradient, const Value& value,
                     double tolerance = 1e-6, double step = 1e-5,
                     int groups = std::numeric_limits<int>::max()) {
  REQUIRE(x.size() == gradient.size());
  GradientReport report;
  report.tolerance = tolerance;
  detail::compare_with_differences("x", x, gradient, value, {Seed{1}, groups, step}, report);
  CHECK_MESSAGE(report.passed(), report.numbers_text("double"));
  CHECK(report.checked == static_cast<int>(x.size()));
  ++gradient_checks_run;
}

}  // namespace tessera::testing
