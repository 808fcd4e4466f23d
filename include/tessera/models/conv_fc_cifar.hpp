// SPDX-License-Identifier: BSD-3-Clause
// conv_fc_cifar: four convolutions and two linear layers that predict the 8x8 block in the middle
// of a 32x32 image [swofford2018].
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/clamp.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/network/block_shapes.hpp>
#include <tessera/network/initialized.hpp>

namespace tessera::models {

namespace conv_fc_cifar_blocks {

template <FixedString Name, int In, int Out, Window W>
using Conv = Named<Name, Conv2d<In, Out, W.no_bias()>>;

struct Layers
    : Sequential<Conv<"conv1", 3, 10, kernel(5)>, ReLU, Conv<"conv2", 10, 20, kernel(5)>,
                 Named<"pool2", MaxPool2d<2>>, ReLU, Conv<"conv3", 20, 30, kernel(5).padding(2)>,
                 ReLU, Conv<"conv4", 30, 40, kernel(3).padding(1)>, ReLU, Flatten,
                 Named<"fc1", Linear<5760, 768>>, ReLU, Named<"fc2", Linear<768, 192>>, ReLU,
                 Clamp<bounds(0, 1)>, Unflatten<8, 8, 3>> {};

}  // namespace conv_fc_cifar_blocks

/// Image in [0, 1], rows and columns 12 to 19 set to 0 -> those rows and columns, in [0, 1].
using ConvFcCifar = Network<Input<32, 32, 3>, Initialized<glorot, conv_fc_cifar_blocks::Layers>>;

static_assert(parameter_count<ConvFcCifar> == 4'603'646);
static_assert(has_blocks<ConvFcCifar>("10@28 20@24 20@12 30@12 40@12 768@1 192@1"));
static_assert(output_shape<ConvFcCifar> == Shape{8, 8, 3});

}  // namespace tessera::models
