// SPDX-License-Identifier: BSD-3-Clause
// patch_discriminator: the discriminator of pix2pix, which judges overlapping patches of an image;
// 2,768,705 parameters for 6 channels, patches of 70x70. Names: conv1.conv ... conv4.conv,
// conv2.bn ... conv4.bn, out.conv.
#pragma once
#include <algorithm>
#include <utility>

#include <tessera/models/detail/blocks.hpp>

namespace tessera {

/// In place of the norms of a PatchDiscriminator: none.
struct NoPatchNorm : Sequential<> {};

namespace detail {

/// Convolution I of a patch discriminator, from 1: conv, norm (but the first), activation.
template <int I, int In, int Base, int Layers, class Norm>
struct PatchConv {
  static constexpr FixedString<6> name{{'c', 'o', 'n', 'v', '0' + I, '\0'}};
  static constexpr Window window = kernel(4).stride(I <= Layers ? 2 : 1).padding(1);
  static constexpr int out = std::min(Base << (I - 1), 8 * Base);
  /// A norm with parameters shifts its channels: a bias before it would be lost.
  static constexpr bool shifts = requires { Norm::parameters(Shape{}); };
  static constexpr Window before_norm = shifts ? window.no_bias() : window;

  static constexpr Value lower(auto& b, Value x) {
    using namespace models;
    if constexpr (I == 1) return ConvBlock<name, Conv2d<In, out, window>, LeakyReLU<>>::lower(b, x);
    else return ConvTo<name, out, before_norm, Named<"bn", Norm>, LeakyReLU<>>::lower(b, x);
  }
};

template <int In, int Base, int Layers, class Norm, class... End>
struct PatchDiscriminatorBlocks {
  static constexpr Value lower(auto& b, Value x) {
    return [&]<int... I>(std::integer_sequence<int, I...>) {
      return Sequential<PatchConv<I + 1, In, Base, Layers, Norm>...,
                        models::ConvTo<"out", 1, kernel(4).padding(1)>, End...>::lower(b, x);
    }
    (std::make_integer_sequence<int, Layers + 1>{});
  }
};

}  // namespace detail

/// The patch discriminator of pix2pix [isola2017]: one number for each patch of the image, whether
/// it is real. With several inputs (image and condition) their channels come concatenated.
///
/// conv1 ... conv{Layers}: kernel 4, stride 2; one more of stride 1; out: one channel, stride 1.
/// Padding 1 everywhere; LeakyReLU(0.2) after each but the last, a norm before it from conv2 on.
///
/// Shapes     x [N, H, W, In]  ->  y [N, H / 2^Layers - 2, ..., 1] for multiples of 2^Layers
/// Template   In      channels of the input, or `any`
///            Base    channels of conv1, doubled by each that follows up to 8 Base
///            Layers  convolutions of stride 2, from 1 to 8; patches are 16, 34, 70, 142, ... wide
///            Norm    such as InstanceNorm2d<>; a convolution has no bias where a norm with trained
///                    parameters follows. NoPatchNorm: none
///            End     what follows the last convolution, such as Sigmoid; nothing: logits
/// State      convN.conv, convN.bn, out.conv; weights N(0, 0.02), gains N(1, 0.02), biases 0
template <int In, int Base = 64, int Layers = 3, class Norm = BatchNorm2d<>, class... End>
struct PatchDiscriminator
    : Initialized<dcgan_zero_bias,
                  detail::PatchDiscriminatorBlocks<In, Base, Layers, Norm, End...>> {
  static_assert(count_or_any(In) && Base > 0 && Layers >= 1 && Layers <= 8,
                "tessera: PatchDiscriminator needs positive channel counts and 1 to 8 layers");
  /// For receptive_field<PatchDiscriminator<...>>.
  static constexpr Shape typical_input{4 << Layers, 4 << Layers, In == any ? 3 : In};
};

}  // namespace tessera
