// SPDX-License-Identifier: BSD-3-Clause
// g14_gan: a context encoder with a bottleneck of 4000 numbers for whole images; batch norm with
// eps = 0.8. The discriminator judges patches and normalises each image by itself.
#pragma once
#include <tessera/layers/instance_norm2d.hpp>
#include <tessera/models/detail/blocks.hpp>

namespace tessera::models {

template <FixedString Name, int Out>
struct G14Enc : ConvTo<Name, Out, half, Norm<eps(0.8)>, LeakyReLU<>> {};
template <FixedString Name, int Out, Window W = half>
struct G14Dec : UpConvTo<Name, Out, W, Norm<eps(0.8)>, ReLU> {};
template <FixedString Name, int Out>
struct G14Conv : ConvTo<Name, Out, half3, InstanceNorm2d<>, LeakyReLU<>> {};

/// Masked image in [-1, 1] -> image in (-1, 1). W: channels of the first block, B: of the
/// bottleneck.
template <int W = 64, int B = 4000>
using BasicG14GanGenerator =
    Network<Input<256, 256, 3>,
            Initialized<dcgan, ConvTo<"enc1", W, half, LeakyReLU<>>, G14Enc<"enc2", W>,
                        G14Enc<"enc3", 2 * W>, G14Enc<"enc4", 2 * W>, G14Enc<"enc5", 4 * W>,
                        G14Enc<"enc6", 8 * W>, ConvTo<"bottleneck", B, kernel(4)>,
                        G14Dec<"dec1", 8 * W, kernel(4)>, G14Dec<"dec2", 4 * W>,
                        G14Dec<"dec3", 2 * W>, G14Dec<"dec4", 2 * W>, G14Dec<"dec5", W>,
                        G14Dec<"dec6", W>, UpConvTo<"out", 3, half, Tanh>>>;
using G14GanGenerator = BasicG14GanGenerator<>;
/// Image -> probability of each of 16x16 patches to be real.
template <int W = 64>
using BasicG14GanDiscriminator =
    Network<Input<256, 256, 3>,
            Initialized<dcgan, ConvTo<"conv1", W, half3, LeakyReLU<>>, G14Conv<"conv2", 2 * W>,
                        G14Conv<"conv3", 4 * W>, G14Conv<"conv4", 8 * W>,
                        ConvTo<"out", 1, kernel(3).same(), Sigmoid>>>;
using G14GanDiscriminator = BasicG14GanDiscriminator<>;

// The shapes of all blocks, as the report prints them, are in tests/models/test_g14_gan.cpp.
static_assert(parameter_count<G14GanGenerator> == 71'713'315);
static_assert(parameter_count<G14GanDiscriminator> == 1'555'585);

}  // namespace tessera::models
