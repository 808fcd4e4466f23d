// SPDX-License-Identifier: BSD-3-Clause
// Binary cross entropy of probabilities: of a discriminator that ends with a Sigmoid, or of images
// in [0, 1].
#pragma once
#include <tessera/losses/adversarial.hpp>
#include <tessera/losses/pixel_loss.hpp>

namespace tessera {

/// loss = -mean(t max(log y, -100) + (1 - t) max(log(1 - y), -100))
/// dy += weight * (y - t) / max(y (1 - y), 1e-12) / elements
///
/// As a criterion real images have t = 1, generated ones 0, and 1 for the generator. As a loss the
/// targets t in [0, 1] are the truth's images. Both bounds are PyTorch's.
///
/// Shapes     output [N, H, W, C], in (0, 1); truth the same
/// Errors     ShapeError where output and truth differ. A y outside [0, 1] gives NaN
struct BceLoss : detail::TargetCriterion<kernels::CrossEntropy, 1, 0> {
  std::string describe() const { return "bce"; }

  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    detail::check_truth("bce", pass.output(), truth);
    detail::target_loss(kernels::CrossEntropy{}, truth.images, 0, "bce", pass, terms, weight);
  }
};

}  // namespace tessera
