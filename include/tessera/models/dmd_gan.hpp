// SPDX-License-Identifier: BSD-3-Clause
// dmd_gan: a GAN that restores whole images; an encoder of plain convolutions, a 1x1 bottleneck of
// 4000 channels, a decoder of transposed convolutions with ELU. The discriminator judges patches.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/models/detail/blocks.hpp>
#include <tessera/network/block_shapes.hpp>
#include <tessera/network/initialized.hpp>

namespace tessera::models {

namespace dmd_gan_blocks {

template <FixedString Name, int In, int Out>
using Enc = ConvBlock<Name, Conv2d<In, Out, half>, LeakyReLU<>>;
template <FixedString Name, int In, int Out>
using Dec = ConvBlock<Name, ConvTranspose2d<In, Out, half>, Norm<Out>, ELU<>>;
template <int W, int B>
struct Generator
    : Sequential<Enc<"enc1", 3, W>, Enc<"enc2", W, W>, Enc<"enc3", W, 2 * W>,
                 Enc<"enc4", 2 * W, 4 * W>, Enc<"enc5", 4 * W, 8 * W>,
                 ConvBlock<"bottleneck", Conv2d<8 * W, B, kernel(1)>>, Dec<"dec1", B, 8 * W>,
                 Dec<"dec2", 8 * W, 4 * W>, Dec<"dec3", 4 * W, 2 * W>, Dec<"dec4", 2 * W, W>,
                 ConvBlock<"out", ConvTranspose2d<W, 3, half>, Tanh>> {};

template <FixedString Name, int In, int Out>
using Conv = ConvBlock<Name, Conv2d<In, Out, kernel(3).stride(2).padding(1)>, LeakyReLU<>>;
template <int W>
struct Discriminator
    : Sequential<Conv<"conv1", 3, W>, Conv<"conv2", W, 2 * W>, Conv<"conv3", 2 * W, 4 * W>,
                 Conv<"conv4", 4 * W, 8 * W>,
                 ConvBlock<"out", Conv2d<8 * W, 1, kernel(3).padding(1)>, Sigmoid>> {};

}  // namespace dmd_gan_blocks

/// Image in [-1, 1] times (1 - hole) -> image in (-1, 1). W: channels of the first block, B: of the
/// bottleneck.
template <int W = 64, int B = 4000>
using BasicDmdGanGenerator =
    Network<Input<256, 256, 3>, Initialized<dcgan, dmd_gan_blocks::Generator<W, B>>>;
using DmdGanGenerator = BasicDmdGanGenerator<>;
/// Image -> probability of each of 16x16 patches to be real.
template <int W = 64>
using BasicDmdGanDiscriminator =
    Network<Input<256, 256, 3>, Initialized<dcgan, dmd_gan_blocks::Discriminator<W>>>;
using DmdGanDiscriminator = BasicDmdGanDiscriminator<>;

static_assert(parameter_count<DmdGanGenerator> == 40'400'611);
static_assert(has_blocks<DmdGanGenerator>(
    "64@128 64@64 128@32 256@16 512@8 4000@8 512@16 256@32 128@64 64@128 3@256"));
static_assert(parameter_count<DmdGanDiscriminator> == 1'555'585);
static_assert(has_blocks<DmdGanDiscriminator>("64@128 128@64 256@32 512@16 1@16"));

}  // namespace tessera::models
