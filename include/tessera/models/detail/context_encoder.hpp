// SPDX-License-Identifier: BSD-3-Clause
// What the three context encoders share: the block of their decoders, and the patch discriminator
// of context_encoder_generic (256x256) and context_encoder_alexnet (224x224).
#pragma once
#include <tessera/models/detail/blocks.hpp>

namespace tessera::models {

/// Convolution or transposed convolution, batch norm, ReLU.
template <FixedString Name, int Out, Window W>
struct NormedConv : ConvTo<Name, Out, W, Norm<>, ReLU> {};
template <FixedString Name, int Out, Window W>
struct NormedUpConv : UpConvTo<Name, Out, W, Norm<>, ReLU> {};

/// Image, ImageNet-normalised -> probability of each patch to be real; receptive field 23.
template <int Size>
using ContextEncoderDiscriminator =
    Network<Input<Size, Size, 3>, NormedConv<"conv1", 64, half3>, NormedConv<"conv2", 128, half3>,
            NormedConv<"conv3", 256, kernel(3).same()>, ConvTo<"conv4", 1, half3, Sigmoid>>;

static_assert(parameter_count<ContextEncoderDiscriminator<224>> == 374'017);
static_assert(has_blocks<ContextEncoderDiscriminator<224>>("64@112 128@56 256@56 1@28"));
static_assert(has_blocks<ContextEncoderDiscriminator<256>>("64@128 128@64 256@64 1@32"));

}  // namespace tessera::models
