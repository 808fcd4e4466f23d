// SPDX-License-Identifier: BSD-3-Clause
// Binary cross entropy of logits: the Sigmoid is part of the loss, which stays exact where it is 0
// or 1 in rounding.
#pragma once
#include <tessera/losses/adversarial.hpp>
#include <tessera/losses/pixel_loss.hpp>

namespace tessera {

/// loss = mean(max(z, 0) - z t + log(1 + exp(-|z|))),   dz += weight * (sigmoid(z) - t) / elements
///
/// As a criterion real images have t = 1, generated ones 0, and 1 for the generator. As a loss the
/// targets t in [0, 1] are the truth's images.
///
/// Shapes     output [N, H, W, C], any numbers; truth the same
/// Errors     ShapeError where output and truth differ
struct BceWithLogitsLoss : detail::TargetCriterion<kernels::LogitCrossEntropy, 1, 0> {
  std::string describe() const { return "bce_with_logits"; }

  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    detail::check_truth("bce_with_logits", pass.output(), truth);
    detail::target_loss(kernels::LogitCrossEntropy{}, truth.images, 0, "bce_with_logits", pass,
                        terms, weight);
  }
};

}  // namespace tessera
