// SPDX-License-Identifier: BSD-3-Clause
// The Charbonnier loss [charbonnier1994]: |y - t| with a tip that is smooth everywhere.
#pragma once
#include <tessera/losses/loss_text.hpp>

namespace tessera {

// clang-format off

/// d = y - t:  sqrt(d^2 + epsilon^2);  derivative d / sqrt(d^2 + epsilon^2). The loss of a perfect
/// image is epsilon.
///
/// Shapes, options, errors: as MseLoss, and epsilon > 0: ArgumentError else. The term is
/// charbonnier.
TESSERA_LOSS(CharbonnierLoss, (epsilon = 1e-3),
  bool valid() const { return epsilon > 0; }
  template <class T> T root(T d) const { return sqrt(d * d + constant<T>(epsilon * epsilon)); }
  template <class T> T error(T y, T t) const { return root(y - t); }
  template <class T> T derivative(T y, T t) const { return (y - t) / root(y - t); })

// clang-format on

}  // namespace tessera
