// SPDX-License-Identifier: BSD-3-Clause
// Compares one training step of a network on a GPU with the CPU's: the first test of a layer's CUDA
// code, which gradient_check does not run.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <tessera/network/model.hpp>
#include <tessera/tensor/transfer.hpp>
#include <tessera/testing/detail/check_report.hpp>

namespace tessera::testing {

struct DeviceCheckOptions {
  int batch = 2;
  Seed seed{1};
  double tolerance = 1e-9;  // |GPU - CPU| over the scale of the tensor; for float 1e-3, say
  double hole_share = 0.3;  // of masked inputs
  Mode mode = Mode::train;
  std::vector<Shape> inputs{};  // sizes other than the declared ones
};

/// What a device check found: the worst number, and where.
struct DeviceCheckReport : CheckReport {
  double gpu = 0, cpu = 0;

  std::string text() const {
    char line[256];
    std::snprintf(line, sizeof line,
                  "%s: %d numbers, worst error %.2e (tolerance %.0e) at %s[%lld]: GPU %.9g, CPU "
                  "%.9g",
                  passed() ? "passed" : "FAILED", checked, worst_error, tolerance,
                  worst_tensor.c_str(), static_cast<long long>(worst_index), gpu, cpu);
    return line;
  }
};

namespace detail {

/// The results of a step, by name.
template <class T>
using StepResults = std::vector<std::pair<std::string, std::vector<T>>>;

/// A step from random numbers, which are the same on every device. Parameter gradients start at 1,
/// not 0: a layer that assigns instead of adding is found.
template <class Net, class T, class Device>
StepResults<T> checked_step(const DeviceCheckOptions& options, const Context<Device>& context) {
  RandomStream random(options.seed, 0x646576696365u);
  const auto draw = [&](T* numbers, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<T>(2 * random.uniform() - 1);
  };
  Model<Net, Device, T> model(options.seed, context);
  for (const NamedTensor& tensor : model.tensors()) {
    if (tensor.role != Role::trained) continue;
    std::vector<T> values = model.get(tensor.name);
    for (T& w : values) w += static_cast<T>(0.1 * random.normal());  // no zero bias, no unit gain
    model.set(tensor.name, values);
  }
  auto& gradients = model.state().gradients;
  const std::vector<T> ones(gradients.size(), T(1));
  Memory<Device>::to_device(context, gradients.data(), ones.data(), ones.size() * sizeof(T));

  Pass<Device, T> pass = model.pass({.batch = options.batch,
                                     .mode = options.mode,
                                     .input_gradients = true,
                                     .inputs = options.inputs,
                                     .poison_dead_buffers = true});
  for (int i = 0; i < Net::structure.inputs; ++i)
    write_from_host(context, pass.input(i), pass.input_valid(i),
                    [&](const View<T>& x, const MutableValidView& valid) {
                      draw(x.data, static_cast<std::size_t>(x.size()));
                      for (std::ptrdiff_t k = 0; valid && k < valid.size(); ++k)
                        valid.data[k] = random.uniform() >= options.hole_share;
                    });
  pass.forward();
  StepResults<T> results;
  const auto take = [&](std::string name, const View<const T>& view) {
    const Tensor<T> copy = to_host(context, view);
    results.emplace_back(std::move(name), std::vector<T>(copy.data(), copy.data() + copy.size()));
  };
  take("output", pass.output());
  pass.zero_gradients();
  View<T> probe = pass.output_gradient();
  const auto count = static_cast<std::size_t>(probe.size());
  std::vector<T> numbers(count);
  draw(numbers.data(), count);
  auto on_device = Memory<Device>::template make<T>(context, count);
  Memory<Device>::to_device(context, on_device.data(), numbers.data(), count * sizeof(T));
  kernels::add_into(context, View<const T>(make_view(on_device.data(), probe.batch, probe.shape())),
                    probe);
  pass.backward();
  for (int i = 0; i < Net::structure.inputs; ++i)
    take("gradient of input " + std::to_string(i), pass.input_gradient(i));
  for (const NamedTensor& tensor : model.tensors()) {
    const bool trained = tensor.role == Role::trained;
    results.emplace_back((trained ? "gradient of " : "") + tensor.name,
                         trained ? model.gradient(tensor.name) : model.get(tensor.name));
    for (T& g : results.back().second) g -= trained ? T(1) : T(0);
  }
  return results;
}

}  // namespace detail

/// Compares output, gradients of inputs and parameters, and statistics after one training step on
/// `context` with the CPU's: on a GPU, or on the CPU that plays one (TESSERA_CUDA_EMULATE). Dead
/// buffers are poisoned. A layer written for float alone is checked with T = float.
///
/// Example    CHECK(device_check<Network<Input<5, 7, 3>, MyLayer<3>>>().passed());
/// Errors     DeviceError where there is no GPU; ArgumentError for a layer that has no double
template <class Net, class T = double, class Device = Cuda>
DeviceCheckReport device_check(const DeviceCheckOptions& options = {},
                               const Context<Device>& context = Context<Device>::standard()) {
  const auto cpu = detail::checked_step<Net, T>(options, Context<Cpu>{1});
  const auto gpu = detail::checked_step<Net, T>(options, context);
  DeviceCheckReport report;
  report.tolerance = options.tolerance;
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    const auto& [name, expected] = cpu[i];
    double scale = 1e-2;  // what is 0 in truth is compared on this scale
    for (const T v : expected) scale = std::max(scale, std::abs(static_cast<double>(v)));
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const double a = static_cast<double>(gpu[i].second[k]), b = static_cast<double>(expected[k]);
      if (!report.note(std::abs(a - b) / scale, name, static_cast<std::int64_t>(k))) continue;
      report.gpu = a;
      report.cpu = b;
    }
  }
  return report;
}

}  // namespace tessera::testing
