// SPDX-License-Identifier: BSD-3-Clause
// fcn_cifar: five convolutions without bias that predict the 8x8 block in the middle of a 32x32
// image [swofford2018].
#pragma once
#include <tessera/layers/clamp.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/models/detail/blocks.hpp>

namespace tessera::models {

/// Image in [0, 1], rows and columns 12 to 19 set to 0 -> those rows and columns, in [0, 1].
using FcnCifar = Network<
    Input<32, 32, 3>,
    Initialized<glorot, Named<"conv1", Conv2d<any, 20, kernel(5).no_bias()>>, ReLU,
                Named<"conv2", Conv2d<any, 40, kernel(5).no_bias()>>, Named<"pool2", MaxPool2d<2>>,
                ReLU, Named<"conv3", Conv2d<any, 60, kernel(3).no_bias()>>, ReLU,
                Named<"conv4", Conv2d<any, 80, kernel(3).no_bias()>>, ReLU,
                Named<"conv5", Conv2d<any, 3, kernel(1).no_bias()>>, ReLU, Clamp<bounds(0, 1)>>>;

static_assert(parameter_count<FcnCifar> == 86'540);
static_assert(has_blocks<FcnCifar>("20@28 40@24 40@12 60@10 80@8 3@8"));

}  // namespace tessera::models
