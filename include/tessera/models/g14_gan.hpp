// SPDX-License-Identifier: BSD-3-Clause
// g14_gan: a context encoder with a bottleneck of 4000 numbers for whole images; batch norm with
// eps = 0.8. The discriminator judges patches and normalises each image by itself.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/instance_norm2d.hpp>
#include <tessera/models/detail/blocks.hpp>
#include <tessera/network/block_shapes.hpp>
#include <tessera/network/initialized.hpp>

namespace tessera::models {

namespace g14_gan_blocks {

template <FixedString Name, int In, int Out>
using Enc = ConvBlock<Name, Conv2d<In, Out, half>, Norm<Out, eps(0.8)>, LeakyReLU<>>;
template <FixedString Name, int In, int Out, Window W = half>
using Dec = ConvBlock<Name, ConvTranspose2d<In, Out, W>, Norm<Out, eps(0.8)>, ReLU>;
template <int W, int B>
struct Generator
    : Sequential<ConvBlock<"enc1", Conv2d<3, W, half>, LeakyReLU<>>, Enc<"enc2", W, W>,
                 Enc<"enc3", W, 2 * W>, Enc<"enc4", 2 * W, 2 * W>, Enc<"enc5", 2 * W, 4 * W>,
                 Enc<"enc6", 4 * W, 8 * W>, ConvBlock<"bottleneck", Conv2d<8 * W, B, kernel(4)>>,
                 Dec<"dec1", B, 8 * W, kernel(4)>, Dec<"dec2", 8 * W, 4 * W>,
                 Dec<"dec3", 4 * W, 2 * W>, Dec<"dec4", 2 * W, 2 * W>, Dec<"dec5", 2 * W, W>,
                 Dec<"dec6", W, W>, ConvBlock<"out", ConvTranspose2d<W, 3, half>, Tanh>> {};

template <FixedString Name, int In, int Out, class... N>
using Conv = ConvBlock<Name, Conv2d<In, Out, kernel(3).stride(2).padding(1)>, N..., LeakyReLU<>>;
template <int W>
struct Discriminator
    : Sequential<Conv<"conv1", 3, W>, Conv<"conv2", W, 2 * W, InstanceNorm2d<2 * W>>,
                 Conv<"conv3", 2 * W, 4 * W, InstanceNorm2d<4 * W>>,
                 Conv<"conv4", 4 * W, 8 * W, InstanceNorm2d<8 * W>>,
                 ConvBlock<"out", Conv2d<8 * W, 1, kernel(3).padding(1)>, Sigmoid>> {};

}  // namespace g14_gan_blocks

/// Masked image in [-1, 1] -> image in (-1, 1). W: channels of the first block, B: of the
/// bottleneck.
template <int W = 64, int B = 4000>
using BasicG14GanGenerator =
    Network<Input<256, 256, 3>, Initialized<dcgan, g14_gan_blocks::Generator<W, B>>>;
using G14GanGenerator = BasicG14GanGenerator<>;
/// Image -> probability of each of 16x16 patches to be real.
template <int W = 64>
using BasicG14GanDiscriminator =
    Network<Input<256, 256, 3>, Initialized<dcgan, g14_gan_blocks::Discriminator<W>>>;
using G14GanDiscriminator = BasicG14GanDiscriminator<>;

// The shapes of all blocks, as the report prints them, are in tests/models/test_g14_gan.cpp.
static_assert(parameter_count<G14GanGenerator> == 71'713'315);
static_assert(parameter_count<G14GanDiscriminator> == 1'555'585);

}  // namespace tessera::models
