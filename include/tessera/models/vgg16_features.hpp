// SPDX-License-Identifier: BSD-3-Clause
// VGG-16 up to its third pooling [simonyan2015], with torchvision's names features.0.weight to
// features.14.bias: 1,735,488 parameters. The features of perceptual and style losses.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/network/network.hpp>

namespace tessera::models {

/// features.0 to features.16, to stand in Named<"features", ...>. Takes ImageNet-normalised images;
/// the taps pool1 to pool3 are the outputs of the poolings.
struct Vgg16Features {
  template <int C>
  using Conv = Sequential<Conv2d<any, C, kernel(3).same()>, ReLU>;
  static constexpr Value lower(auto& b, Value x) {
    return Sequential<Conv<64>, Conv<64>, MaxPool2d<2>, Tap<"pool1">,    // 0, 2, 4
                      Conv<128>, Conv<128>, MaxPool2d<2>, Tap<"pool2">,  // 5, 7, 9
                      Conv<256>, Conv<256>, Conv<256>, MaxPool2d<2>,     // 10, 12, 14, 16
                      Tap<"pool3">>::lower(b, x);
  }
};

/// The same as a network that takes images in [0, 1], of any size from 8x8 at run time.
/// The normalisation stands outside the scope, so that the names are torchvision's.
template <int Height = 256, int Width = 256>
using Vgg16FeatureNet =
    Network<Input<Height, Width, 3>, Normalize<imagenet>, Named<"features", Vgg16Features>>;

static_assert(output_shape<Vgg16FeatureNet<>> == Shape{32, 32, 256});
static_assert(parameter_count<Vgg16FeatureNet<>> == 1'735'488);

}  // namespace tessera::models
