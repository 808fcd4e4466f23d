// SPDX-License-Identifier: BSD-3-Clause
// The convolutions of AlexNet in torchvision's form [krizhevsky2014], with its names
// features.0.weight to features.10.bias: 2,469,696 parameters. An encoder to start from, and the
// features of a style loss.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/network/network.hpp>

namespace tessera::models {

/// features.0 to features.12, to stand in Named<"features", ...>. Takes ImageNet-normalised images;
/// the taps conv1 to conv5 are the activations behind each convolution's ReLU.
struct AlexNetFeatures
    : Sequential<Conv2d<3, 64, kernel(11).stride(4).padding(2)>, ReLU, Tap<"conv1">,
                 MaxPool2d<3, 2>, Conv2d<any, 192, kernel(5).same()>, ReLU, Tap<"conv2">,  // 2, 3
                 MaxPool2d<3, 2>, Conv2d<any, 384, kernel(3).same()>, ReLU, Tap<"conv3">,  // 5, 6
                 Conv2d<any, 256, kernel(3).same()>, ReLU, Tap<"conv4">,                   // 8
                 Conv2d<any, 256, kernel(3).same()>, ReLU, Tap<"conv5">,                   // 10
                 MaxPool2d<3, 2>> {};                                                      // 12

/// The same as a network, of any size from 63x63 at run time.
template <int Height = 224, int Width = 224>
using AlexNetFeatureNet = Network<Input<Height, Width, 3>, Named<"features", AlexNetFeatures>>;

static_assert(output_shape<AlexNetFeatureNet<>> == Shape{6, 6, 256});
static_assert(parameter_count<AlexNetFeatureNet<>> == 2'469'696);

}  // namespace tessera::models
