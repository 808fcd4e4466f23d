// SPDX-License-Identifier: BSD-3-Clause
// Least squares as a criterion of adversarial training [mao2017].
#pragma once
#include <tessera/losses/adversarial.hpp>

namespace tessera {

/// real mean((y - 1)^2), fake mean(y^2), generator mean((y - 1)^2); dy += weight * derivative
///
/// Shapes     scores [N, H, W, C], any numbers
struct LsganLoss : detail::TargetCriterion<kernels::SquaredError, 1, 0> {
  std::string describe() const { return "lsgan"; }
};

}  // namespace tessera
