// SPDX-License-Identifier: BSD-3-Clause
// Huber's loss [huber1964]: squares near the truth, a straight line beyond.
#pragma once
#include <tessera/losses/loss_text.hpp>

namespace tessera {

// clang-format off

/// d = y - t:  d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2);  derivative d, but at least
/// -delta and at most delta. PyTorch's HuberLoss.
///
/// Shapes, options, errors: as MseLoss, and delta > 0: ArgumentError else. The term is huber.
TESSERA_LOSS(HuberLoss, (delta = 1),
  bool valid() const { return delta > 0; }
  template <class T> T error(T y, T t) const {
    T d = abs(y - t), bound = constant<T>(delta);
    return select(d <= bound, T(0.5) * d * d, bound * (d - T(0.5) * bound));
  }
  template <class T> T derivative(T y, T t) const {
    return min(max(y - t, constant<T>(-delta)), constant<T>(delta));
  })

// clang-format on

}  // namespace tessera
