// SPDX-License-Identifier: BSD-3-Clause
// The activations of the documented systems, by their names in PyTorch.
#pragma once
#include <tessera/kernels/functions.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/pointwise.hpp>

namespace tessera {

/// y = max(x, 0); gradient 0 at 0. Shapes, gradients: as Pointwise.
struct ReLU : Pointwise<kernels::Relu> {
  static constexpr std::string_view name = "relu";
  static constexpr double negative_slope = 0;
};

/// y = x where x > 0, else slope * x. Shapes, gradients: as Pointwise.
/// Template   S  slope(0.2) unless given, at least 0
template <Slope S = slope(0.2)>
struct LeakyReLU : Pointwise<kernels::LeakyRelu<S>> {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr double negative_slope = S.value > 0 ? S.value : -1;  // 0 x is not ReLU's 0
};

/// y = x where x > 0, else alpha * (exp(x) - 1); gradient alpha at 0. Shapes, gradients: as
/// Pointwise.
/// Template   A  alpha(1) unless given, at least 0
/// Source     [clevert2016]
template <Alpha A = alpha(1)>
struct ELU : Pointwise<kernels::Elu<A>> {
  static constexpr std::string_view name = "elu";
};

/// y = x Phi(x) with the normal distribution Phi, exactly (by erf). Shapes, gradients: as
/// Pointwise; x is kept for backward.
/// Source     [hendrycks2016]
struct GELU : Pointwise<kernels::Gelu> {
  static constexpr std::string_view name = "gelu";
};

/// y = x / (1 + exp(-x)). Shapes, gradients: as Pointwise; x is kept for backward.
/// Source     [elfwing2018]
struct SiLU : Pointwise<kernels::Silu> {
  static constexpr std::string_view name = "silu";
};

/// y = 1 / (1 + exp(-x)). Shapes, gradients: as Pointwise.
struct Sigmoid : Pointwise<kernels::Sigmoid> {
  static constexpr std::string_view name = "sigmoid";
};

/// y = tanh(x). Shapes, gradients: as Pointwise.
struct Tanh : Pointwise<kernels::Tanh> {
  static constexpr std::string_view name = "tanh";
};

}  // namespace tessera
