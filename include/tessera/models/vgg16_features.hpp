// SPDX-License-Identifier: BSD-3-Clause
// VGG-16 up to its third pooling [simonyan2015], with torchvision's names features.0.weight to
// features.14.bias: 1,735,488 parameters. The features of perceptual and style losses.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/normalize.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/network.hpp>

namespace tessera::models {

/// features.0 to features.16, to stand in Named<"features", ...>. Takes ImageNet-normalised images;
/// the taps pool1 to pool3 are the outputs of the poolings.
struct Vgg16Features : Sequential<Conv2d<3, 64, kernel(3).padding(1)>, ReLU,     // 0
                                  Conv2d<64, 64, kernel(3).padding(1)>, ReLU,    // 2
                                  MaxPool2d<2>, Tap<"pool1">,                    // 4
                                  Conv2d<64, 128, kernel(3).padding(1)>, ReLU,   // 5
                                  Conv2d<128, 128, kernel(3).padding(1)>, ReLU,  // 7
                                  MaxPool2d<2>, Tap<"pool2">,                    // 9
                                  Conv2d<128, 256, kernel(3).padding(1)>, ReLU,  // 10
                                  Conv2d<256, 256, kernel(3).padding(1)>, ReLU,  // 12
                                  Conv2d<256, 256, kernel(3).padding(1)>, ReLU,  // 14
                                  MaxPool2d<2>, Tap<"pool3">> {};                // 16

/// The same as a network that takes images in [0, 1], of any size from 8x8 at run time.
/// The normalisation stands outside the scope, so that the names are torchvision's.
template <int Height = 256, int Width = 256>
using Vgg16FeatureNet =
    Network<Input<Height, Width, 3>, Normalize<imagenet>, Named<"features", Vgg16Features>>;

static_assert(output_shape<Vgg16FeatureNet<>> == Shape{32, 32, 256});
static_assert(parameter_count<Vgg16FeatureNet<>> == 1'735'488);

}  // namespace tessera::models
