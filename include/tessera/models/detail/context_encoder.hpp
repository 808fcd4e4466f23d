// SPDX-License-Identifier: BSD-3-Clause
// What the three context encoders share: the block of their decoders, and the patch discriminator
// of context_encoder_generic (256x256) and context_encoder_alexnet (224x224).
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/models/detail/blocks.hpp>
#include <tessera/network/block_shapes.hpp>

namespace tessera::models {

namespace context_encoder_blocks {

template <FixedString Name, int In, int Out, Window W>
using Enc = ConvBlock<Name, Conv2d<In, Out, W>, Norm<Out>, ReLU>;
template <FixedString Name, int In, int Out, Window W>
using Dec = ConvBlock<Name, ConvTranspose2d<In, Out, W>, Norm<Out>, ReLU>;

}  // namespace context_encoder_blocks

/// Image, ImageNet-normalised -> probability of each patch to be real; receptive field 23.
template <int Size>
using ContextEncoderDiscriminator =
    Network<Input<Size, Size, 3>,
            context_encoder_blocks::Enc<"conv1", 3, 64, kernel(3).stride(2).padding(1)>,
            context_encoder_blocks::Enc<"conv2", 64, 128, kernel(3).stride(2).padding(1)>,
            context_encoder_blocks::Enc<"conv3", 128, 256, kernel(3).padding(1)>,
            ConvBlock<"conv4", Conv2d<256, 1, kernel(3).stride(2).padding(1)>, Sigmoid>>;

static_assert(parameter_count<ContextEncoderDiscriminator<224>> == 374'017);
static_assert(has_blocks<ContextEncoderDiscriminator<224>>("64@112 128@56 256@56 1@28"));
static_assert(has_blocks<ContextEncoderDiscriminator<256>>("64@128 128@64 256@64 1@32"));

}  // namespace tessera::models
