// SPDX-License-Identifier: BSD-3-Clause
// The smooth L1 loss [girshick2015]: |y - t| with a round tip. Huber's loss with delta = beta,
// divided by beta.
#pragma once
#include <tessera/losses/loss_text.hpp>

namespace tessera {

// clang-format off

/// d = y - t:  d^2 / (2 beta) where |d| < beta, else |d| - beta / 2;  derivative d / beta, else the
/// sign of d. PyTorch's SmoothL1Loss; beta = 0 is L1.
///
/// Shapes, options, errors: as MseLoss, and beta >= 0: ArgumentError else. The term is smooth_l1.
TESSERA_LOSS(SmoothL1Loss, (beta = 1),
  bool valid() const { return beta >= 0; }
  template <class T> T error(T y, T t) const {
    T d = abs(y - t), bound = constant<T>(beta);
    return select(d < bound, T(0.5) * d * d / bound, d - T(0.5) * bound);
  }
  template <class T> T derivative(T y, T t) const {
    T d = y - t;
    T sign = select(d > T(0), T(1), select(d < T(0), T(-1), d));  // 0 and NaN stay
    return select(abs(d) < constant<T>(beta), d / constant<T>(beta), sign);
  })

// clang-format on

}  // namespace tessera
