// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_center: predicts the 56x56 block in the middle of an image from its surroundings;
// a discriminator judges the block as a whole.
#pragma once
#include <tessera/layers/batch_norm1d.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/linear.hpp>
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/layers/prelu.hpp>
#include <tessera/models/detail/context_encoder.hpp>

namespace tessera::models {

namespace context_encoder_center_blocks {

using namespace context_encoder_blocks;
inline constexpr Window same = kernel(3).padding(1);

struct Generator
    : Sequential<Enc<"enc1", 3, 64, kernel(11).stride(4)>,
                 Enc<"enc2", 64, 128, kernel(5).padding(2)>, Named<"pool2", MaxPool2d<3>>,
                 Enc<"enc3", 128, 256, same>, Named<"pool3", MaxPool2d<3, 2>>,
                 ConvBlock<"enc4", Conv2d<256, 512, same>>, Named<"pool4", MaxPool2d<3, 2>>,
                 Flatten, Named<"bn", BatchNorm1d<8192>>, Named<"prelu", PReLU>,
                 Unflatten<4, 4, 512>, Dec<"dec1", 512, 256, kernel(3).stride(2)>,
                 Dec<"dec2", 256, 128, kernel(4)>, Dec<"dec3", 128, 64, kernel(5).stride(2)>,
                 Dec<"dec4", 64, 32, kernel(4).stride(2)>,
                 ConvBlock<"dec5", ConvTranspose2d<32, 3, kernel(1)>>> {};

struct Discriminator
    : Sequential<Enc<"conv1", 3, 64, same>, Named<"pool1", MaxPool2d<3>>,
                 Enc<"conv2", 64, 128, same>, Named<"pool2", MaxPool2d<2>>,
                 Enc<"conv3", 128, 256, same>, Named<"pool3", MaxPool2d<2>>,
                 Enc<"conv4", 256, 512, same>, Flatten, Named<"bn", BatchNorm1d<8192>>,
                 Named<"fc1", Linear<8192, 64>>, Named<"fc1_bn", BatchNorm1d<64>>, ReLU,
                 Named<"fc2", Linear<64, 1>>, Sigmoid> {};

}  // namespace context_encoder_center_blocks

/// Image, ImageNet-normalised -> its rows and columns 100 to 155.
using ContextEncoderCenterGenerator =
    Network<Input<256, 256, 3>, context_encoder_center_blocks::Generator>;
/// Block -> probability of being real.
using ContextEncoderCenterDiscriminator =
    Network<Input<56, 56, 3>, context_encoder_center_blocks::Discriminator>;

static_assert(parameter_count<ContextEncoderCenterGenerator> == 3'663'876);
static_assert(has_blocks<ContextEncoderCenterGenerator>(
    "64@62 128@62 128@20 256@20 256@9 512@9 512@4 8192@1 8192@1 256@9 128@12 64@27 32@56 "
    "3@56"));
static_assert(parameter_count<ContextEncoderCenterDiscriminator> == 2'093'825);
static_assert(has_blocks<ContextEncoderCenterDiscriminator>(
    "64@56 64@18 128@18 128@9 256@9 256@4 512@4 8192@1 64@1 64@1 1@1"));

}  // namespace tessera::models
