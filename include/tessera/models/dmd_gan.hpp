// SPDX-License-Identifier: BSD-3-Clause
// dmd_gan: a GAN that restores whole images; an encoder of plain convolutions, a 1x1 bottleneck of
// 4000 channels, a decoder of transposed convolutions with ELU. The discriminator judges patches.
#pragma once
#include <tessera/models/detail/blocks.hpp>

namespace tessera::models {

template <FixedString Name, int Out>
struct DmdGanEnc : ConvTo<Name, Out, half, LeakyReLU<>> {};
template <FixedString Name, int Out>
struct DmdGanDec : UpConvTo<Name, Out, half, Norm<>, ELU<>> {};

/// Image in [-1, 1] times (1 - hole) -> image in (-1, 1). W: channels of the first block, B: of the
/// bottleneck.
template <int W = 64, int B = 4000>
using BasicDmdGanGenerator =
    Network<Input<256, 256, 3>,
            Initialized<dcgan, DmdGanEnc<"enc1", W>, DmdGanEnc<"enc2", W>, DmdGanEnc<"enc3", 2 * W>,
                        DmdGanEnc<"enc4", 4 * W>, DmdGanEnc<"enc5", 8 * W>,
                        ConvTo<"bottleneck", B, kernel(1)>, DmdGanDec<"dec1", 8 * W>,
                        DmdGanDec<"dec2", 4 * W>, DmdGanDec<"dec3", 2 * W>, DmdGanDec<"dec4", W>,
                        UpConvTo<"out", 3, half, Tanh>>>;
using DmdGanGenerator = BasicDmdGanGenerator<>;
/// Image -> probability of each of 16x16 patches to be real.
template <int W = 64>
using BasicDmdGanDiscriminator =
    Network<Input<256, 256, 3>, Initialized<dcgan, ConvTo<"conv1", W, half3, LeakyReLU<>>,
                                            ConvTo<"conv2", 2 * W, half3, LeakyReLU<>>,
                                            ConvTo<"conv3", 4 * W, half3, LeakyReLU<>>,
                                            ConvTo<"conv4", 8 * W, half3, LeakyReLU<>>,
                                            ConvTo<"out", 1, kernel(3).same(), Sigmoid>>>;
using DmdGanDiscriminator = BasicDmdGanDiscriminator<>;

static_assert(parameter_count<DmdGanGenerator> == 40'400'611);
static_assert(has_blocks<DmdGanGenerator>(
    "64@128 64@64 128@32 256@16 512@8 4000@8 512@16 256@32 128@64 64@128 3@256"));
static_assert(parameter_count<DmdGanDiscriminator> == 1'555'585);
static_assert(has_blocks<DmdGanDiscriminator>("64@128 128@64 256@32 512@16 1@16"));

}  // namespace tessera::models
