// SPDX-License-Identifier: BSD-3-Clause
// For tests of layers on both devices: one training step of a network on each, from the same
// numbers.
#pragma once
#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include <tessera/testing/device_check.hpp>

#include "on_device.hpp"

namespace tessera::testing {

/// The GPU's step beside the CPU's. `units`: rounding allowed, in units of T.
template <class Net, class T>
void expect_same_step(int batch, double units, std::vector<Shape> inputs = {}) {
  const auto report = device_check<Net, T>(
      {.batch = batch, .tolerance = units * unit<T>, .inputs = std::move(inputs)});
  CHECK_MESSAGE(report.passed(), "batch ", batch, ": ", report.text());
}

}  // namespace tessera::testing
