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

/// Image, ImageNet-normalised -> its rows and columns 100 to 155.
using ContextEncoderCenterGenerator =
    Network<Input<256, 256, 3>, NormedConv<"enc1", 64, kernel(11).stride(4)>,
            NormedConv<"enc2", 128, kernel(5).same()>, Named<"pool2", MaxPool2d<3>>,
            NormedConv<"enc3", 256, kernel(3).same()>, Named<"pool3", MaxPool2d<3, 2>>,
            ConvTo<"enc4", 512, kernel(3).same()>, Named<"pool4", MaxPool2d<3, 2>>, Flatten,
            Named<"bn", BatchNorm1d<>>, Named<"prelu", PReLU>, Unflatten<4, 4, 512>,
            NormedUpConv<"dec1", 256, kernel(3).stride(2)>, NormedUpConv<"dec2", 128, kernel(4)>,
            NormedUpConv<"dec3", 64, kernel(5).stride(2)>,
            NormedUpConv<"dec4", 32, kernel(4).stride(2)>, UpConvTo<"dec5", 3, kernel(1)>>;
/// Block -> probability of being real.
using ContextEncoderCenterDiscriminator =
    Network<Input<56, 56, 3>, NormedConv<"conv1", 64, kernel(3).same()>,
            Named<"pool1", MaxPool2d<3>>, NormedConv<"conv2", 128, kernel(3).same()>,
            Named<"pool2", MaxPool2d<2>>, NormedConv<"conv3", 256, kernel(3).same()>,
            Named<"pool3", MaxPool2d<2>>, NormedConv<"conv4", 512, kernel(3).same()>, Flatten,
            Named<"bn", BatchNorm1d<>>, Named<"fc1", Linear<any, 64>>,
            Named<"fc1_bn", BatchNorm1d<>>, ReLU, Named<"fc2", Linear<any, 1>>, Sigmoid>;

static_assert(parameter_count<ContextEncoderCenterGenerator> == 3'663'876);
static_assert(has_blocks<ContextEncoderCenterGenerator>(
    "64@62 128@62 128@20 256@20 256@9 512@9 512@4 8192@1 8192@1 256@9 128@12 64@27 32@56 "
    "3@56"));
static_assert(parameter_count<ContextEncoderCenterDiscriminator> == 2'093'825);
static_assert(has_blocks<ContextEncoderCenterDiscriminator>(
    "64@56 64@18 128@18 128@9 256@9 256@4 512@4 8192@1 64@1 64@1 1@1"));

}  // namespace tessera::models
