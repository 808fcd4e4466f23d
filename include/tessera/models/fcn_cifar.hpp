// SPDX-License-Identifier: BSD-3-Clause
// fcn_cifar: five convolutions without bias that predict the 8x8 block in the middle of a 32x32
// image [swofford2018].
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/clamp.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/network/block_shapes.hpp>
#include <tessera/network/initialized.hpp>

namespace tessera::models {

namespace fcn_cifar_blocks {

template <FixedString Name, int In, int Out, int Kernel>
using Conv = Named<Name, Conv2d<In, Out, kernel(Kernel).no_bias()>>;

}  // namespace fcn_cifar_blocks

/// Image in [0, 1], rows and columns 12 to 19 set to 0 -> those rows and columns, in [0, 1].
using FcnCifar =
    Network<Input<32, 32, 3>,
            Initialized<glorot, fcn_cifar_blocks::Conv<"conv1", 3, 20, 5>, ReLU,
                        fcn_cifar_blocks::Conv<"conv2", 20, 40, 5>, Named<"pool2", MaxPool2d<2>>,
                        ReLU, fcn_cifar_blocks::Conv<"conv3", 40, 60, 3>, ReLU,
                        fcn_cifar_blocks::Conv<"conv4", 60, 80, 3>, ReLU,
                        fcn_cifar_blocks::Conv<"conv5", 80, 3, 1>, ReLU, Clamp<bounds(0, 1)>>>;

static_assert(parameter_count<FcnCifar> == 86'540);
static_assert(has_blocks<FcnCifar>("20@28 40@24 40@12 60@10 80@8 3@8"));

}  // namespace tessera::models
