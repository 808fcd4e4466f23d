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
  const DeviceCheckOptions options{.batch = batch, .inputs = std::move(inputs)};
  const auto cpu = detail::checked_step<Net, T>(options, Context<Cpu>::standard());
  const auto gpu = detail::checked_step<Net, T>(options, Context<Cuda>::standard());
  REQUIRE(cpu.size() == gpu.size());
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    const double d = distance(gpu[i].second, cpu[i].second);
    CHECK_MESSAGE(d <= units * unit<T>, cpu[i].first, " of batch ", batch, ": ", d / unit<T>,
                  " units");
  }
}

}  // namespace tessera::testing
