// SPDX-License-Identifier: BSD-3-Clause
// The hinge criterion of adversarial training [lim2017].
#pragma once
#include <tessera/losses/adversarial.hpp>

namespace tessera {

/// real mean(max(0, 1 - y)), fake mean(max(0, 1 + y)), generator mean(-y); dy += weight *
/// derivative, 0 at the kinks
///
/// Shapes     scores [N, H, W, C], any numbers
struct HingeLoss : detail::TargetCriterion<kernels::HingeError, 1, -1> {
  std::string describe() const { return "hinge"; }

  template <class Device, class T>
  void generator(Pass<Device, T>& pass, LossTerms& terms, double weight = 1) const {
    detail::target_loss(kernels::LinearError{}, {}, 1, "g_adversarial", pass, terms, weight);
  }
};

}  // namespace tessera
