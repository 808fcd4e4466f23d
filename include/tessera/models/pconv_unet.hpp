// SPDX-License-Identifier: BSD-3-Clause
// pconv_unet: the partial-convolution U-Net of [liu2018] at 256x256. Eight halvings with kernels
// 7, 5, 5, 3, ...; decoder module i reads concat[up2(decoder i + 1), encoder i - 1], where encoder
// 0 is the masked image itself.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/models/detail/blocks.hpp>
#include <tessera/network/block_shapes.hpp>

namespace tessera::models {

namespace pconv_unet_blocks {

template <int In, int Out, int Kernel = 3>
using Down = PartialConv2d<In, Out, kernel(Kernel).stride(2).padding(Kernel / 2)>;
template <FixedString Name, int In, int Out, int Kernel = 3>
using Enc = ConvBlock<Name, Down<In, Out, Kernel>, Norm<Out>, ReLU>;
template <int In, int Out>
using Same = PartialConv2d<In, Out, kernel(3).padding(1)>;
template <FixedString Name, int In, int Out>
using Dec = ConvBlock<Name, Same<In, Out>, Norm<Out>, LeakyReLU<>>;
/// concat[up2(inner(encoder(x))), x].
template <class Encoder, class... Inner>
using Skip = SkipConcat<Encoder, Inner..., Upsample2d<2>>;

template <int W, class... Deepest>
struct Unet {
  struct L7 : Sequential<Skip<Enc<"enc7", 8 * W, 8 * W>, Deepest...>, Dec<"dec7", 16 * W, 8 * W>> {
  };
  struct L6 : Sequential<Skip<Enc<"enc6", 8 * W, 8 * W>, L7>, Dec<"dec6", 16 * W, 8 * W>> {};
  struct L5 : Sequential<Skip<Enc<"enc5", 8 * W, 8 * W>, L6>, Dec<"dec5", 16 * W, 8 * W>> {};
  struct L4 : Sequential<Skip<Enc<"enc4", 4 * W, 8 * W>, L5>, Dec<"dec4", 12 * W, 4 * W>> {};
  struct L3 : Sequential<Skip<Enc<"enc3", 2 * W, 4 * W, 5>, L4>, Dec<"dec3", 6 * W, 2 * W>> {};
  struct L2 : Sequential<Skip<Enc<"enc2", W, 2 * W, 5>, L3>, Dec<"dec2", 3 * W, W>> {};
  struct L1 : Sequential<Skip<ConvBlock<"enc1", Down<3, W, 7>, ReLU>, L2>,
                         ConvBlock<"dec1", Same<W + 3, 3>>> {};
};
template <int W>
struct L8 : Sequential<Skip<Enc<"enc8", 8 * W, 8 * W>>, Dec<"dec8", 16 * W, 8 * W>> {};

}  // namespace pconv_unet_blocks

/// Image in [0, 1] with a mask, sides divisible by 256 -> restored image, unbounded.
/// Template   W  channels of the first module
template <int W = 64>
using BasicPConvUNet = Network<MaskedInput<256, 256, 3>,
                               typename pconv_unet_blocks::Unet<W, pconv_unet_blocks::L8<W>>::L1>;
using PConvUNet = BasicPConvUNet<>;
/// The same with seven levels, sides divisible by 128.
using PConvUNet7 = Network<MaskedInput<256, 256, 3>, pconv_unet_blocks::Unet<64>::L1>;

static_assert(parameter_count<PConvUNet> == 32'865'236);
static_assert(parameter_count<PConvUNet7> == 25'784'276);
static_assert(has_blocks<PConvUNet>(
    "64@128 128@64 256@32 512@16 512@8 512@4 512@2 512@1 512@2 512@4 512@8 512@16 256@32 "
    "128@64 64@128 3@256"));

}  // namespace tessera::models
