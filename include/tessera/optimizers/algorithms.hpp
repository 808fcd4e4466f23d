// SPDX-License-Identifier: BSD-3-Clause
// The optimisers' settings and their step over a range of the flat parameter buffer; PyTorch's
// formulas. An algorithm has `step` for the CPU, `settings` and `launch` for the GPU; one without
// these two works on the CPU alone.
#pragma once
#include <cstdint>
#include <string>

#include <tessera/io/number_text.hpp>
#include <tessera/kernels/cpu/optimizer.hpp>
#include <tessera/optimizers/step_settings.hpp>

namespace tessera {

/// Adam [kingma2015] with PyTorch's L2 weight decay:
///   g <- g + weight_decay w;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
///   w <- w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)
struct Adam {
  static constexpr int buffers = 2;
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;

  /// The settings as a text: what a checkpoint compares.
  std::string describe() const {
    return "adam(" +
           detail::settings({{"learning_rate", learning_rate},
                             {"beta1", beta1},
                             {"beta2", beta2},
                             {"epsilon", epsilon},
                             {"weight_decay", weight_decay}}) +
           ")";
  }

  /// Of step t = 1, 2, ... with learning rate * factor.
  kernels::AdamConstants settings(std::int64_t t, double factor) const {
    kernels::AdamConstants c{learning_rate * factor, beta1, beta2, epsilon, weight_decay};
    c.at_step(static_cast<double>(t));
    return c;
  }
  template <class T>
  void step(const Context<Cpu>& context, const ParameterRange<T>& r, std::int64_t t, double factor,
            double gradient_scale) const {
    kernels::AdamConstants c = settings(t, factor);
    c.gradient_scale = gradient_scale;
    kernels::adam_step(context, r.size, r.parameters, r.buffer[0], r.buffer[1], r.gradients, c);
  }
  /// The step with settings, scale and gate that lie on the GPU; see kernels/optimizer.hpp.
  template <class T>
  void launch(const Context<Cuda>& context, const ParameterRange<T>& r,
              const kernels::AdamConstants* on_device, const double* scale, const int* gate) const {
    kernels::adam_step(context, r.size, r.parameters, r.buffer[0], r.buffer[1], r.gradients,
                       on_device, scale, gate);
  }
};

/// Stochastic gradient descent with PyTorch's momentum and L2 weight decay:
///   g <- g + weight_decay w;  u <- momentum u + g;  w <- w - lr u
struct Sgd {
  static constexpr int buffers = 1;
  double learning_rate = 1e-2, momentum = 0, weight_decay = 0;

  std::string describe() const {
    return "sgd(" +
           detail::settings({{"learning_rate", learning_rate},
                             {"momentum", momentum},
                             {"weight_decay", weight_decay}}) +
           ")";
  }

  kernels::SgdConstants settings(std::int64_t, double factor) const {
    return {learning_rate * factor, momentum, weight_decay};
  }
  template <class T>
  void step(const Context<Cpu>& context, const ParameterRange<T>& r, std::int64_t t, double factor,
            double gradient_scale) const {
    kernels::SgdConstants c = settings(t, factor);
    c.gradient_scale = gradient_scale;
    kernels::sgd_step(context, r.size, r.parameters, r.buffer[0], r.gradients, c);
  }
  template <class T>
  void launch(const Context<Cuda>& context, const ParameterRange<T>& r,
              const kernels::SgdConstants* on_device, const double* scale, const int* gate) const {
    kernels::sgd_step(context, r.size, r.parameters, r.buffer[0], r.gradients, on_device, scale,
                      gate);
  }
};

}  // namespace tessera
