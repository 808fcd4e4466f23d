// SPDX-License-Identifier: BSD-3-Clause
// The optimisers' settings and their step over a range of the flat parameter buffer; PyTorch's
// formulas.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include <tessera/io/number_text.hpp>
#include <tessera/kernels/cpu/optimizer.hpp>

namespace tessera {

/// One contiguous range of parameters, its gradients and the optimiser's buffers there.
template <class T>
struct ParameterRange {
  std::size_t size;
  T* parameters;
  const T* gradients;
  T* buffer[2];
};

/// Adam [kingma2015] with PyTorch's L2 weight decay:
///   g <- g + weight_decay w;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
///   w <- w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)
struct Adam {
  static constexpr int buffers = 2;
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;

  /// The settings as a text: what a checkpoint compares.
  std::string describe() const {
    return "adam(" + detail::settings({{"learning_rate", learning_rate},
                                       {"beta1", beta1},
                                       {"beta2", beta2},
                                       {"epsilon", epsilon},
                                       {"weight_decay", weight_decay}}) + ")";
  }

  template <class T>
  void step(const Context<Cpu>& context, const ParameterRange<T>& r, std::int64_t t, double factor,
            double gradient_scale) const {
    kernels::AdamConstants c{learning_rate * factor, beta1, beta2, epsilon, weight_decay};
    c.gradient_scale = gradient_scale;
    c.at_step(static_cast<double>(t));
    kernels::adam_step(context, r.size, r.parameters, r.buffer[0], r.buffer[1], r.gradients, c);
  }
};

/// Stochastic gradient descent with PyTorch's momentum and L2 weight decay:
///   g <- g + weight_decay w;  u <- momentum u + g;  w <- w - lr u
struct Sgd {
  static constexpr int buffers = 1;
  double learning_rate = 1e-2, momentum = 0, weight_decay = 0;

  std::string describe() const {
    return "sgd(" + detail::settings({{"learning_rate", learning_rate},
                                      {"momentum", momentum},
                                      {"weight_decay", weight_decay}}) + ")";
  }

  template <class T>
  void step(const Context<Cpu>& context, const ParameterRange<T>& r, std::int64_t, double factor,
            double gradient_scale) const {
    const kernels::SgdConstants c{learning_rate * factor, momentum, weight_decay, gradient_scale};
    kernels::sgd_step(context, r.size, r.parameters, r.buffer[0], r.gradients, c);
  }
};

}  // namespace tessera
