// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_alexnet: AlexNet's convolutions as the encoder, so that torchvision's weights
// load into it, a channel-wise fully connected layer, and a decoder back to 224x224.
#pragma once
#include <tessera/layers/resize_bilinear.hpp>
#include <tessera/models/alexnet_features.hpp>
#include <tessera/models/channelwise_block.hpp>
#include <tessera/models/detail/context_encoder.hpp>

namespace tessera::models {

/// Back to 224x224 from 6x6, by way of 209x209.
struct ContextEncoderAlexNetDecoder
    : Sequential<NormedUpConv<"dec1", 256, kernel(4)>,
                 NormedUpConv<"dec2", 128, kernel(4).stride(3).padding(1)>,
                 NormedUpConv<"dec3", 64, half>,
                 NormedUpConv<"dec4", 32, kernel(5).stride(2).padding(1)>,
                 UpConvTo<"dec5", 3, half3>, ResizeBilinear<224, 224>> {};

/// Image, ImageNet-normalised, times (1 - hole) -> image in the same units. Taps conv1 to conv5 are
/// AlexNet's activations. Drop: dropout before the channel-wise layer.
template <Probability Drop = probability(0.4)>
using BasicContextEncoderAlexNetGenerator =
    Network<Input<224, 224, 3>, Named<"features", AlexNetFeatures>,
            ChannelwiseBlock<"cfc", 256, 6, Drop>, ContextEncoderAlexNetDecoder>;
using ContextEncoderAlexNetGenerator = BasicContextEncoderAlexNetGenerator<>;
/// Without the channel-wise layer, as the authors' published code runs.
using ContextEncoderAlexNetGeneratorPlain =
    Network<Input<224, 224, 3>, Named<"features", AlexNetFeatures>, ContextEncoderAlexNetDecoder>;
using ContextEncoderAlexNetDiscriminator = ContextEncoderDiscriminator<224>;

static_assert(parameter_count<ContextEncoderAlexNetGenerator> == 4'577'348);
static_assert(parameter_count<ContextEncoderAlexNetGeneratorPlain> == 4'227'139);
static_assert(
    has_blocks<ContextEncoderAlexNetGenerator>("256@6 256@6 256@9 128@26 64@52 32@105 3@209"));
static_assert(output_shape<ContextEncoderAlexNetGenerator> == Shape{224, 224, 3});

}  // namespace tessera::models
