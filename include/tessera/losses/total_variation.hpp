// SPDX-License-Identifier: BSD-3-Clause
// Total variation of the filled hole and its seam, one of [liu2018]'s terms.
#pragma once
#include <tessera/kernels/total_variation.hpp>
#include <tessera/losses/pixel_loss.hpp>

namespace tessera {

/// loss = sum over pairs p, q of R beside or below each other, and channels, of |z[p] - z[q]| /
/// (N C H W), with z = the output in the hole and the truth elsewhere, R = the hole and the pixels
/// around it (3x3). The gradient reaches pixels of the hole alone; 0 where z[p] = z[q].
///
/// Shapes     output and truth [N, H, W, C], holes [N, H, W]
/// Errors     ShapeError where output and truth differ; ArgumentError without holes
struct TotalVariationLoss {
  std::string name = "tv";

  std::string describe() const { return "total_variation"; }

  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    const View<const T> y = pass.output();
    detail::check_truth(name, y, truth, "the total variation of holes");
    const double count = static_cast<double>(y.size());
    const auto sum = kernels::total_variation(
        pass.context(), y, truth.images, truth.hole, weight / count, pass.output_gradient(),
        detail::loss_scratch(pass, kernels::total_variation_workspace(y.batch, y.shape())));
    terms.add(name, sum / count, weight);
  }
};

}  // namespace tessera
