// SPDX-License-Identifier: BSD-3-Clause
// The library's own pointwise functions. All derivatives are written in y, so x need not be kept
// and the forward may run in place. Names as in PyTorch, definitions in spec/architectures.md,
// section 2.
#pragma once

#include <tessera/kernels/pointwise.hpp>

namespace tessera::kernels {

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
/// The text reads the constant by the name `parameter`; a run-time compiler defines it likewise.
template <auto Slope>
struct LeakyRelu : pointwise::Functions {
  static_assert(Slope.value >= 0, "LeakyRelu: slope >= 0, as the gradient reads y");
  static constexpr std::string_view name = "LeakyRelu";
  static constexpr double parameter = Slope.value;
  TESSERA_POINTWISE_BODY(
    template <class T> T forward(T x) const {
      return select(x > T(0), x, constant<T>(parameter) * x);
    }
    template <class T> T derivative(T, T y) const {
      return select(y > T(0), T(1), constant<T>(parameter));
    })
};

}  // namespace tessera::kernels
