// SPDX-License-Identifier: BSD-3-Clause
// patch_discriminator: the discriminator of pix2pix, which judges overlapping patches of an image;
// 2,768,705 parameters for 6 channels, patches of 70x70. Names: conv1.conv ... conv4.conv,
// conv2.bn ... conv4.bn, out.conv.
#pragma once
#include <algorithm>
#include <utility>

#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/initialized.hpp>
#include <tessera/network/network.hpp>

namespace tessera {

/// Norms of a PatchDiscriminator: templates of the channel count alone.
template <int C>
using PatchBatchNorm = BatchNorm2d<C>;
template <int C>
struct NoPatchNorm : Sequential<> {};

namespace detail {

/// "conv1", "conv2", ...
constexpr FixedString<6> patch_conv_name(int i) {
  FixedString<6> name("conv0");
  name.text[4] = static_cast<char>('0' + i);
  return name;
}
/// Whether a norm shifts its channels by a trained number, so that a bias before it is lost.
template <class N>
constexpr bool shifts() {
  return requires { N::parameters(Shape{}); };
}

/// Convolution I of a patch discriminator, from 1: conv, norm (but the first), activation.
template <int I, int In, int Base, int Layers, template <int> class Norm>
struct PatchConv {
  static constexpr int width(int i) { return std::min(Base << (i - 1), 8 * Base); }
  static constexpr int in = I == 1 ? In : width(I - 1), out = width(I);
  static constexpr Window strided = kernel(4).stride(I <= Layers ? 2 : 1).padding(1);
  static constexpr bool first = I == 1, biased = first || !shifts<Norm<out>>();

  static constexpr Value lower(auto& b, Value x) {
    using Conv = Named<"conv", Conv2d<in, out, biased ? strided : strided.no_bias()>>;
    if constexpr (first) return Named<patch_conv_name(I), Conv, LeakyReLU<>>::lower(b, x);
    else return Named<patch_conv_name(I), Conv, Named<"bn", Norm<out>>, LeakyReLU<>>::lower(b, x);
  }
};

template <int In, int Base, int Layers, template <int> class Norm, class... End>
struct PatchDiscriminatorBlocks {
  static constexpr Value lower(auto& b, Value x) {
    return lower(b, x, std::make_integer_sequence<int, Layers + 1>{});
  }
  template <int... I>
  static constexpr Value lower(auto& b, Value x, std::integer_sequence<int, I...>) {
    constexpr int last = PatchConv<Layers + 1, In, Base, Layers, Norm>::out;
    return Sequential<PatchConv<I + 1, In, Base, Layers, Norm>...,
                      Named<"out", Named<"conv", Conv2d<last, 1, kernel(4).padding(1)>>>,
                      End...>::lower(b, x);
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
/// Template   In      channels of the input
///            Base    channels of conv1, doubled by each that follows up to 8 Base
///            Layers  convolutions of stride 2, from 1 to 8; patches are 16, 34, 70, 142, ... wide
///            Norm    template of the channel count; a convolution has no bias where a norm with
///                    trained parameters follows. NoPatchNorm: none
///            End     what follows the last convolution, such as Sigmoid; nothing: logits
/// State      convN.conv, convN.bn, out.conv; weights N(0, 0.02), gains N(1, 0.02), biases 0
template <int In, int Base = 64, int Layers = 3, template <int> class Norm = PatchBatchNorm,
          class... End>
struct PatchDiscriminator
    : Initialized<dcgan_zero_bias,
                  detail::PatchDiscriminatorBlocks<In, Base, Layers, Norm, End...>> {
  static_assert(In > 0 && Base > 0 && Layers >= 1 && Layers <= 8,
                "tessera: PatchDiscriminator needs positive channel counts and 1 to 8 layers");
  /// For receptive_field<PatchDiscriminator<...>>.
  static constexpr Shape typical_input{4 << Layers, 4 << Layers, In};
};

}  // namespace tessera
