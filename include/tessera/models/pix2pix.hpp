// SPDX-License-Identifier: BSD-3-Clause
// pix2pix [isola2017]: U-Net and patch discriminator. Activations come before the convolutions.
#pragma once
#include <tessera/layers/dropout.hpp>
#include <tessera/models/detail/blocks.hpp>
#include <tessera/models/patch_discriminator.hpp>

namespace tessera::models {

namespace pix2pix_blocks {

/// concat[x, up(inner(down(leaky(x))))]: a skip carries what the convolution gave.
template <FixedString D, FixedString U, int Wide, int Out, class Inner, class... Drop>
struct Skip : SkipFirst<LeakyReLU<>, ConvTo<D, Wide, half.no_bias(), Norm<>>, Inner, ReLU,
                        UpConvTo<U, Out, half.no_bias(), Norm<>, Drop...>> {};
template <int W, class Drop, int V = 8 * W>
struct Levels {
  struct L7 : SkipFirst<LeakyReLU<>, ConvTo<"down8", V, half.no_bias()>, ReLU,
                        UpConvTo<"up8", V, half.no_bias(), Norm<>, Drop>> {};
  struct L6 : Skip<"down7", "up7", V, V, L7, Drop> {};
  struct L5 : Skip<"down6", "up6", V, V, L6, Drop> {};
  struct L4 : Skip<"down5", "up5", V, V, L5> {};
  struct L3 : Skip<"down4", "up4", V, V / 2, L4> {};
  struct L2 : Skip<"down3", "up3", V / 2, V / 4, L3> {};
  struct L1 : Skip<"down2", "up2", V / 4, W, L2> {};
  struct Unet
      : Sequential<ConvTo<"down1", W, half.no_bias()>, L1, ReLU, UpConvTo<"up1", 3, half>, Tanh> {};
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
