// SPDX-License-Identifier: BSD-3-Clause
// For tests of layers on both devices: one training step of a network on each, from the same
// numbers.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include <tessera/network/model.hpp>
#include <tessera/tensor/transfer.hpp>

#include "on_device.hpp"

namespace tessera::testing {

/// Output, gradient of the input and gradients of all tensors after a step on random numbers.
template <class Net, class Device, class T>
std::vector<std::vector<T>> training_step(const PassOptions& options) {
  Model<Net, Device, T> model(Seed{3});
  Pass<Device, T> pass = model.pass(options);
  const auto drawn = [&](const auto& view, std::uint64_t seed) {
    Tensor<T> t(view.batch, view.shape());
    std::ranges::copy(random_numbers<T>(t.size(), seed), t.data());
    return t;
  };
  const auto numbers = [&](const View<const T>& view) {
    const Tensor<T> t = to_host(pass.context(), view);
    return std::vector<T>(t.data(), t.data() + t.size());
  };
  to_device(pass.context(), drawn(pass.input(), 1), pass.input());
  pass.forward();
  std::vector<std::vector<T>> results{numbers(pass.output())};
  pass.zero_gradients();
  to_device(pass.context(), drawn(pass.output_gradient(), 2), pass.output_gradient());
  model.zero_gradients();
  for (int steps = 0; steps < 2; ++steps) pass.backward();  // gradients are added to
  results.push_back(numbers(pass.input_gradient()));
  for (const NamedTensor& tensor : model.tensors())
    if (tensor.role == Role::trained) results.push_back(model.gradient(tensor.name));
  return results;
}

/// The GPU's step beside the CPU's. `units`: rounding allowed, in units of T.
template <class Net, class T>
void expect_same_step(int batch, double units, std::vector<Shape> inputs = {}) {
  const PassOptions options{.batch = batch,
                            .input_gradients = true,
                            .inputs = std::move(inputs),
                            .poison_dead_buffers = true};
  const auto cpu = training_step<Net, Cpu, T>(options);
  const auto gpu = training_step<Net, Cuda, T>(options);
  REQUIRE(cpu.size() == gpu.size());
  for (std::size_t i = 0; i < cpu.size(); ++i)
    CHECK_MESSAGE(distance(gpu[i], cpu[i]) <= units * unit<T>, "result ", i, " of batch ", batch,
                  ": ", distance(gpu[i], cpu[i]) / unit<T>, " units");
}

}  // namespace tessera::testing
