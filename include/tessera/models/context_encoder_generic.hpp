// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_generic: restores whole images with holes of any form; a channel-wise fully
// connected layer carries information across the image [pathak2016].
#pragma once
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/models/channelwise_block.hpp>
#include <tessera/models/detail/context_encoder.hpp>

namespace tessera::models {

/// Image, ImageNet-normalised, times (1 - hole) -> image in the same units. Drop: dropout before
/// the channel-wise layer.
template <Probability Drop = probability(0.4)>
using BasicContextEncoderGenericGenerator = Network<
    Input<256, 256, 3>, ConvTo<"enc1", 96, kernel(11).stride(4), ReLU>,
    Named<"pool1", MaxPool2d<3, 2>>, ConvTo<"enc2", 256, kernel(5).same(), ReLU>,
    Named<"pool2", MaxPool2d<3, 2>>, ConvTo<"enc3", 384, kernel(3).same(), ReLU>,
    ConvTo<"enc4", 384, kernel(3).same(), ReLU>, ConvTo<"enc5", 384, kernel(3).same(), ReLU>,
    Named<"pool5", MaxPool2d<3, 2>>, ChannelwiseBlock<"cfc", 384, 6, Drop>,
    ConvTo<"mix", 512, kernel(1)>, NormedUpConv<"dec1", 256, kernel(4).stride(2)>,
    NormedUpConv<"dec2", 128, kernel(4).stride(2)>, NormedUpConv<"dec3", 64, kernel(4).stride(2)>,
    NormedUpConv<"dec4", 32, kernel(5).stride(2)>, UpConvTo<"dec5", 3, kernel(4).stride(2)>>;
using ContextEncoderGenericGenerator = BasicContextEncoderGenericGenerator<>;
using ContextEncoderGenericDiscriminator = ContextEncoderDiscriminator<256>;

static_assert(parameter_count<ContextEncoderGenericGenerator> == 7'718'820);
static_assert(has_blocks<ContextEncoderGenericGenerator>(
    "96@62 96@30 256@30 256@14 384@14 384@14 384@14 384@6 384@6 512@6 256@14 128@30 64@62 "
    "32@127 3@256"));

}  // namespace tessera::models
