// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_generic: restores whole images with holes of any form; a channel-wise fully
// connected layer carries information across the image [pathak2016].
#pragma once
#include <tessera/layers/max_pool2d.hpp>
#include <tessera/models/channelwise_block.hpp>
#include <tessera/models/detail/context_encoder.hpp>

namespace tessera::models {

namespace context_encoder_generic_blocks {

using context_encoder_blocks::Dec;
template <FixedString Name, int In, int Out, Window W = kernel(3).padding(1)>
using Enc = ConvBlock<Name, Conv2d<In, Out, W>, ReLU>;

template <Probability Drop>
struct Generator
    : Sequential<
          Enc<"enc1", 3, 96, kernel(11).stride(4)>, Named<"pool1", MaxPool2d<3, 2>>,
          Enc<"enc2", 96, 256, kernel(5).padding(2)>, Named<"pool2", MaxPool2d<3, 2>>,
          Enc<"enc3", 256, 384>, Enc<"enc4", 384, 384>, Enc<"enc5", 384, 384>,
          Named<"pool5", MaxPool2d<3, 2>>, ChannelwiseBlock<"cfc", 384, 6, Drop>,
          ConvBlock<"mix", Conv2d<384, 512, kernel(1)>>, Dec<"dec1", 512, 256, kernel(4).stride(2)>,
          Dec<"dec2", 256, 128, kernel(4).stride(2)>, Dec<"dec3", 128, 64, kernel(4).stride(2)>,
          Dec<"dec4", 64, 32, kernel(5).stride(2)>,
          ConvBlock<"dec5", ConvTranspose2d<32, 3, kernel(4).stride(2)>>> {};

}  // namespace context_encoder_generic_blocks

/// Image, ImageNet-normalised, times (1 - hole) -> image in the same units. Drop: dropout before
/// the channel-wise layer.
template <Probability Drop = probability(0.4)>
using BasicContextEncoderGenericGenerator =
    Network<Input<256, 256, 3>, context_encoder_generic_blocks::Generator<Drop>>;
using ContextEncoderGenericGenerator = BasicContextEncoderGenericGenerator<>;
using ContextEncoderGenericDiscriminator = ContextEncoderDiscriminator<256>;

static_assert(parameter_count<ContextEncoderGenericGenerator> == 7'718'820);
static_assert(has_blocks<ContextEncoderGenericGenerator>(
    "96@62 96@30 256@30 256@14 384@14 384@14 384@14 384@6 384@6 512@6 256@14 128@30 64@62 "
    "32@127 3@256"));

}  // namespace tessera::models
