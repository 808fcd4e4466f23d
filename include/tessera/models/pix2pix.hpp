// SPDX-License-Identifier: BSD-3-Clause
// pix2pix [isola2017]: U-Net and patch discriminator. Activations come before the convolutions.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/models/detail/blocks.hpp>
#include <tessera/models/patch_discriminator.hpp>
#include <tessera/network/block_shapes.hpp>
#include <tessera/network/initialized.hpp>

namespace tessera::models {

namespace pix2pix_blocks {

template <FixedString Name, int In, int Out, class... N>
using Down = ConvBlock<Name, Conv2d<In, Out, half.no_bias()>, N...>;
template <FixedString N, int In, int Out, class... D>
using Up =
    Sequential<ReLU, ConvBlock<N, ConvTranspose2d<In, Out, half.no_bias()>, Norm<Out>, D...>>;
/// concat[x, up(inner(down(leaky(x))))]: a skip carries what the convolution gave.
template <class D, class U, class... Inner>
using Skip = SkipFirst<LeakyReLU<>, D, Inner..., U>;

template <int W, class Drop, int V = 8 * W>
struct Levels {
  struct L7 : Skip<Down<"down8", V, V>, Up<"up8", V, V, Drop>> {};
  struct L6 : Skip<Down<"down7", V, V, Norm<V>>, Up<"up7", 2 * V, V, Drop>, L7> {};
  struct L5 : Skip<Down<"down6", V, V, Norm<V>>, Up<"up6", 2 * V, V, Drop>, L6> {};
  struct L4 : Skip<Down<"down5", V, V, Norm<V>>, Up<"up5", 2 * V, V>, L5> {};
  struct L3 : Skip<Down<"down4", V / 2, V, Norm<V>>, Up<"up4", 2 * V, V / 2>, L4> {};
  struct L2 : Skip<Down<"down3", V / 4, V / 2, Norm<V / 2>>, Up<"up3", V, V / 4>, L3> {};
  struct L1 : Skip<Down<"down2", W, V / 4, Norm<V / 4>>, Up<"up2", V / 2, W>, L2> {};
  struct Unet : Sequential<Down<"down1", 3, W>, L1, ReLU,
                           ConvBlock<"up1", ConvTranspose2d<2 * W, 3, half>>, Tanh> {};
};

}  // namespace pix2pix_blocks

/// Image in [-1, 1] times (1 - hole) -> image in (-1, 1). W: first channels, Drop: up8 to up6.
template <int W = 64, Probability Drop = probability(0.5)>
using BasicPix2PixGenerator =
    Network<Input<256, 256, 3>,
            Initialized<dcgan_zero_bias, typename pix2pix_blocks::Levels<W, Dropout<Drop>>::Unet>>;
using Pix2PixGenerator = BasicPix2PixGenerator<>;
/// The generator's input and an image -> a logit for each of 30x30 patches to be real.
template <int W = 64>
using BasicPix2PixDiscriminator =
    Network<Inputs<Input<256, 256, 3, "condition">, Input<256, 256, 3, "image">>,
            ConcatWith<"image">, PatchDiscriminator<6, W>>;
using Pix2PixDiscriminator = BasicPix2PixDiscriminator<>;

static_assert(parameter_count<Pix2PixGenerator> == 54'413'955);
static_assert(has_blocks<Pix2PixGenerator>(
    "64@128 128@64 256@32 512@16 512@8 512@4 512@2 512@1 512@2 512@4 512@8 512@16 "
    "256@32 128@64 64@128 3@256"));
static_assert(parameter_count<Pix2PixDiscriminator> == 2'768'705);
static_assert(has_blocks<Pix2PixDiscriminator>("64@128 128@64 256@32 512@31 1@30"));

}  // namespace tessera::models
