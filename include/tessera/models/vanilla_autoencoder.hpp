// SPDX-License-Identifier: BSD-3-Clause
// vanilla_autoencoder: a plain convolutional autoencoder for 32x32 images, without skips.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/models/detail/blocks.hpp>
#include <tessera/network/block_shapes.hpp>

namespace tessera::models {

namespace vanilla_autoencoder_blocks {

template <FixedString Name, int In, int Out>
using Enc = ConvBlock<Name, Conv2d<In, Out, kernel(3).stride(2).padding(1)>, ReLU>;
template <FixedString Name, int In, int Out, class Activation>
using Dec = ConvBlock<Name, ConvTranspose2d<In, Out, half>, Activation>;

struct Layers : Sequential<Enc<"enc1", 3, 32>, Enc<"enc2", 32, 64>, Enc<"enc3", 64, 128>,
                           Dec<"dec3", 128, 64, ReLU>, Dec<"dec2", 64, 32, ReLU>,
                           Dec<"dec1", 32, 3, Sigmoid>> {};

}  // namespace vanilla_autoencoder_blocks

/// Image in [0, 1] times (1 - hole) -> image in (0, 1).
using VanillaAutoencoder = Network<Input<32, 32, 3>, vanilla_autoencoder_blocks::Layers>;

static_assert(parameter_count<VanillaAutoencoder> == 258'723);
static_assert(has_blocks<VanillaAutoencoder>("32@16 64@8 128@4 64@8 32@16 3@32"));

}  // namespace tessera::models
