// SPDX-License-Identifier: BSD-3-Clause
// What the host gives an optimiser's step: settings that change from one step to the next, kept
// where the device reads them. The GPU's are in <tessera/optimizers/cuda/step_settings.hpp>.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/tensor/context.hpp>

namespace tessera {

/// One contiguous range of parameters, its gradients and the optimiser's buffers there.
template <class T>
struct ParameterRange {
  std::size_t size;
  T* parameters;
  const T* gradients;
  T* buffer[2];
};

/// The settings of one step of `Algorithm`: `put` by the host, then used by `launch` for each
/// range.
template <class Device, class Algorithm>
class StepSettings;

template <class Algorithm>
class StepSettings<Cpu, Algorithm> {
 public:
  explicit StepSettings(const Context<Cpu>&) {}

  void put(const Context<Cpu>&, const Algorithm&, std::int64_t t, double factor) {
    t_ = t;
    factor_ = factor;
  }
  template <class T>
  void launch(const Context<Cpu>& context, const Algorithm& algorithm,
              const ParameterRange<T>& range, double gradient_scale) const {
    algorithm.step(context, range, t_, factor_, gradient_scale);
  }

 private:
  std::int64_t t_ = 0;
  double factor_ = 1;
};

}  // namespace tessera
