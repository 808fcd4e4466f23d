// SPDX-License-Identifier: BSD-3-Clause
// The library's own pointwise functions, by their definitions in PyTorch. Where a derivative can be
// written in y it is, so that x need not be kept and the forward may run in place; those of GELU,
// SiLU and Clamp read x instead.
#pragma once

#include <tessera/kernels/library/texts.hpp>
#include <tessera/kernels/pointwise.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// max(x, 0); gradient 0 at 0. Written with <= so that NaN passes.
TESSERA_POINTWISE(Relu,
  template <class T> T forward(T x) const { return select(x <= T(0), T(0), x); }
  template <class T> T derivative(T, T y) const { return select(y <= T(0), T(0), T(1)); })

/// 1 / (1 + exp(-x))
TESSERA_POINTWISE(Sigmoid,
  template <class T> T forward(T x) const { return sigmoid(x); }
  template <class T> T derivative(T, T y) const { return y * (T(1) - y); })

/// tanh(x)
TESSERA_POINTWISE(Tanh,
  template <class T> T forward(T x) const { return tanh(x); }
  template <class T> T derivative(T, T y) const { return T(1) - y * y; })

/// x > 0 ? x : slope * x, with `Slope` a constant that has `.value` (tessera::slope(0.2)).
/// The text reads the constant by the name `parameter`.
template <auto Slope>
struct LeakyRelu : pointwise::Functions {
  static_assert(Slope.value >= 0, "LeakyRelu: slope >= 0, as the gradient reads y");
  static constexpr std::string_view name = "LeakyRelu";
  static constexpr double parameter = Slope.value;
  TESSERA_CONSTANTS(parameter)
  TESSERA_POINTWISE_BODY(
    template <class T> T forward(T x) const {
      return select(x > T(0), x, constant<T>(parameter) * x);
    }
    template <class T> T derivative(T, T y) const {
      return select(y > T(0), T(1), constant<T>(parameter));
    })
};

/// x > 0 ? x : alpha (exp(x) - 1), with `Alpha` a constant that has `.value` (tessera::alpha(1)).
/// Gradient alpha at 0.
template <auto Alpha>
struct Elu : pointwise::Functions {
  static_assert(Alpha.value >= 0, "Elu: alpha >= 0, as the gradient reads y");
  static constexpr std::string_view name = "Elu";
  static constexpr double parameter = Alpha.value;
  TESSERA_CONSTANTS(parameter)
  TESSERA_POINTWISE_BODY(
    template <class T> T forward(T x) const {
      return select(x > T(0), x, constant<T>(parameter) * expm1(x));
    }
    template <class T> T derivative(T, T y) const {
      return select(y > T(0), T(1), y + constant<T>(parameter));
    })
};

/// x Phi(x), Phi the normal distribution: Phi(x) = (1 + erf(x / sqrt(2))) / 2. The derivative is
/// Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi).
TESSERA_POINTWISE(Gelu,
  template <class T> T normal_share(T x) const {
    return constant<T>(0.5) * (T(1) + erf(x * constant<T>(0.70710678118654752440)));
  }
  template <class T> T forward(T x) const { return x * normal_share(x); }
  template <class T> T derivative(T x, T) const {
    return normal_share(x) +
           x * constant<T>(0.39894228040143267794) * exp(constant<T>(-0.5) * x * x);
  })

/// x / (1 + exp(-x))
TESSERA_POINTWISE(Silu,
  template <class T> T forward(T x) const { return x * sigmoid(x); }
  template <class T> T derivative(T x, T) const {
    T s = sigmoid(x);
    return s * (T(1) + x * (T(1) - s));
  })

/// min(max(x, lowest), highest), with `Bounds` a constant that has `.lowest` and `.highest`
/// (tessera::bounds(0, 1)). Gradient 1 from bound to bound, both included. NaN passes.
template <auto Bounds>
struct ClampTo : pointwise::Functions {
  static_assert(Bounds.lowest <= Bounds.highest, "ClampTo: lowest <= highest");
  static constexpr std::string_view name = "ClampTo";
  static constexpr double lowest = Bounds.lowest, highest = Bounds.highest;
  TESSERA_CONSTANTS(lowest, highest)
  TESSERA_POINTWISE_BODY(
    template <class T> T forward(T x) const {
      return min(max(x, constant<T>(lowest)), constant<T>(highest));
    }
    template <class T> T derivative(T x, T) const {
      return select(x >= constant<T>(lowest) && x <= constant<T>(highest), T(1), T(0));
    })
};

// What the compiled library holds for every kind of processor, by the numbers of its units.
namespace library {
template <>
inline constexpr int function_number<Relu> = 0;
template <>
inline constexpr int function_number<Sigmoid> = 1;
template <>
inline constexpr int function_number<Tanh> = 2;
template <>
inline constexpr int function_number<Gelu> = 3;
template <>
inline constexpr int function_number<Silu> = 4;
template <auto Slope>
inline constexpr int function_number<LeakyRelu<Slope>> = Slope.value == 0.2    ? 5
                                                         : Slope.value == 0.1  ? 6
                                                         : Slope.value == 0.01 ? 7
                                                                               : -1;
template <auto Alpha>
inline constexpr int function_number<Elu<Alpha>> = Alpha.value == 1 ? 8 : -1;
}  // namespace library

}  // namespace tessera::kernels
