// SPDX-License-Identifier: BSD-3-Clause
// conv_fc_cifar: four convolutions and two linear layers that predict the 8x8 block in the middle
// of a 32x32 image [swofford2018].
#pragma once
#include <tessera/layers/clamp.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/models/detail/blocks.hpp>

namespace tessera::models {

/// Image in [0, 1], rows and columns 12 to 19 set to 0 -> those rows and columns, in [0, 1].
using ConvFcCifar = Network<
    Input<32, 32, 3>,
    Initialized<glorot, Named<"conv1", Conv2d<any, 10, kernel(5).no_bias()>>, ReLU,
                Named<"conv2", Conv2d<any, 20, kernel(5).no_bias()>>, Named<"pool2", MaxPool2d<2>>,
                ReLU, Named<"conv3", Conv2d<any, 30, kernel(5).same().no_bias()>>, ReLU,
                Named<"conv4", Conv2d<any, 40, kernel(3).same().no_bias()>>, ReLU, Flatten,
                Named<"fc1", Linear<any, 768>>, ReLU, Named<"fc2", Linear<any, 192>>, ReLU,
                Clamp<bounds(0, 1)>, Unflatten<8, 8, 3>>>;

static_assert(parameter_count<ConvFcCifar> == 4'603'646);
static_assert(has_blocks<ConvFcCifar>("10@28 20@24 20@12 30@12 40@12 768@1 192@1"));
static_assert(output_shape<ConvFcCifar> == Shape{8, 8, 3});

}  // namespace tessera::models
