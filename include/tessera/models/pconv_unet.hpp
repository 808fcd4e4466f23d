// SPDX-License-Identifier: BSD-3-Clause
// pconv_unet: the partial-convolution U-Net of [liu2018] at 256x256. Eight halvings with kernels
// 7, 5, 5, 3, ...; decoder module i reads concat[up2(decoder i + 1), encoder i - 1], where encoder
// 0 is the masked image itself.
#pragma once
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/models/detail/blocks.hpp>

namespace tessera::models {

namespace pconv_unet_blocks {

template <FixedString Name, int Out, int Kernel = 3, class... N>
using Enc = ConvBlock<Name, PartialConv2d<any, Out, kernel(Kernel).stride(2).same()>, N..., ReLU>;
template <FixedString Name, int Out, class... Rest>
using Dec = ConvBlock<Name, PartialConv2d<any, Out, kernel(3).same()>, Rest...>;
/// From level I inwards: decoder I of concat[up2(inner(encoder I)), x].
template <FixedString E, FixedString D, int Wide, int Out, int Kernel, class... Inner>
struct Level : Sequential<SkipConcat<Enc<E, Wide, Kernel, Norm<>>, Inner..., Upsample2d<2>>,
                          Dec<D, Out, Norm<>, LeakyReLU<>>> {};
template <int W, class... L8>
struct Unet {
  using L7 = Level<"enc7", "dec7", 8 * W, 8 * W, 3, L8...>;
  using L6 = Level<"enc6", "dec6", 8 * W, 8 * W, 3, L7>;
  using L5 = Level<"enc5", "dec5", 8 * W, 8 * W, 3, L6>;
  struct L4 : Level<"enc4", "dec4", 8 * W, 4 * W, 3, L5> {};
  struct L3 : Level<"enc3", "dec3", 4 * W, 2 * W, 5, L4> {};
  struct L2 : Level<"enc2", "dec2", 2 * W, W, 5, L3> {};
  struct L1 : Sequential<SkipConcat<Enc<"enc1", W, 7>, L2, Upsample2d<2>>, Dec<"dec1", 3>> {};
};

}  // namespace pconv_unet_blocks

/// Image in [0, 1] with a mask, sides divisible by 256 -> restored image, unbounded.
/// Template   W  channels of the first module
template <int W = 64>
using BasicPConvUNet =
    Network<MaskedInput<256, 256, 3>,
            typename pconv_unet_blocks::Unet<
                W, pconv_unet_blocks::Level<"enc8", "dec8", 8 * W, 8 * W, 3>>::L1>;
using PConvUNet = BasicPConvUNet<>;
/// The same with seven levels, sides divisible by 128.
using PConvUNet7 = Network<MaskedInput<256, 256, 3>, pconv_unet_blocks::Unet<64>::L1>;

static_assert(parameter_count<PConvUNet> == 32'865'236);
static_assert(parameter_count<PConvUNet7> == 25'784'276);
static_assert(has_blocks<PConvUNet>(
    "64@128 128@64 256@32 512@16 512@8 512@4 512@2 512@1 512@2 512@4 512@8 512@16 256@32 "
    "128@64 64@128 3@256"));

}  // namespace tessera::models
