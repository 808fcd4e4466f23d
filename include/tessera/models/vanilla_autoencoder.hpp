// SPDX-License-Identifier: BSD-3-Clause
// vanilla_autoencoder: a plain convolutional autoencoder for 32x32 images, without skips.
#pragma once
#include <tessera/models/detail/blocks.hpp>

namespace tessera::models {

/// Image in [0, 1] times (1 - hole) -> image in (0, 1).
using VanillaAutoencoder =
    Network<Input<32, 32, 3>, ConvTo<"enc1", 32, half3, ReLU>, ConvTo<"enc2", 64, half3, ReLU>,
            ConvTo<"enc3", 128, half3, ReLU>, UpConvTo<"dec3", 64, half, ReLU>,
            UpConvTo<"dec2", 32, half, ReLU>, UpConvTo<"dec1", 3, half, Sigmoid>>;

static_assert(parameter_count<VanillaAutoencoder> == 258'723);
static_assert(has_blocks<VanillaAutoencoder>("32@16 64@8 128@4 64@8 32@16 3@32"));

}  // namespace tessera::models
