// SPDX-License-Identifier: BSD-3-Clause
// What the host gives an optimiser's step: settings that change from one step to the next, kept
// where the device reads them. The GPU's are in <tessera/optimizers/cuda/step_settings.hpp>.
#pragma once
#include <cstddef>
#include <cstdint>

#include <tessera/kernels/optimizer.hpp>
#include <tessera/tensor/context.hpp>

namespace tessera {

/// One contiguous range of parameters, its gradients and the optimiser's buffers there: buffer[b]
/// for b from 0 to Algorithm::buffers - 1.
template <class T>
struct ParameterRange {
  std::size_t size;
  T* parameters;
  const T* gradients;
  T* const* buffer;
};

/// Whether an algorithm was made by TESSERA_OPTIMIZER.
template <class Algorithm>
concept OptimizerText = requires { typename Algorithm::Step; };

/// Step t = 1, 2, ... of such an algorithm, with learning rate * factor.
template <OptimizerText Algorithm>
typename Algorithm::Step step_of(Algorithm algorithm, std::int64_t t, double factor) {
  algorithm.learning_rate *= factor;
  return {algorithm, static_cast<double>(t)};
}

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
    if constexpr (OptimizerText<Algorithm>)
      kernels::optimizer_step(context, range.size, range.parameters, range.gradients, range.buffer,
                              step_of(algorithm, t_, factor_), gradient_scale);
    else algorithm.step(context, range, t_, factor_, gradient_scale);
  }

 private:
  std::int64_t t_ = 0;
  double factor_ = 1;
};

}  // namespace tessera
