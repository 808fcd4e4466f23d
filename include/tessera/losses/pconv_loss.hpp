// SPDX-License-Identifier: BSD-3-Clause
// The loss that partial-convolution networks are trained with [liu2018], with and without features.
#pragma once
#include <utility>

#include <tessera/losses/feature_loss.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/losses/total_variation.hpp>

namespace tessera {

/// valid + 6 hole + 0.1 tv: what is left where there are no weights for the features. `valid` and
/// `hole` are L1 over valid and hole pixels, divided by the elements of the whole images.
inline auto pconv_loss() {
  return L1Loss{Region::valid, MeanOver::image, "valid"} +
         6.0 * L1Loss{Region::hole, MeanOver::image, "hole"} + 0.1 * TotalVariationLoss{};
}

/// valid + 6 hole + 0.1 tv + 0.05 perceptual + 120 style, the last two on features of a trained
/// network, in the paper VGG-16's: pconv_loss(std::move(vgg)). Errors: those of FeatureLoss
template <class ModelType>
auto pconv_loss(ModelType features, FeatureLossOptions options = liu_features()) {
  return pconv_loss() + FeatureLoss<ModelType>(std::move(features), std::move(options));
}

}  // namespace tessera
