// SPDX-License-Identifier: BSD-3-Clause
// pconv_cifar_net2: network 2 of the CIFAR-10 partial-convolution report; 32x32, 8 encoder and 8
// decoder modules, 3,130,947 parameters. Encoder modules alternate stride 1 and 2. PConvCifarNet2
// joins the stride-1 modules after upsampling; PConvCifarNet2Same, with the same parameters, joins
// the stride-2 modules before it.
#pragma once
#include <tessera/models/detail/pconv_cifar.hpp>

namespace tessera::models {

namespace pconv_cifar_net2_blocks {

/// Skips of the stride-1 modules: concat[up(inner(down(x))), x].
template <FixedString Down, int C, class... Inner>
struct Odd : SkipConcat<PConvModule<Down, C, 2>, Inner..., Upsample2d<2>> {};
/// Skips of the stride-2 modules: up(concat[inner(x), x]) of x = down(...).
template <FixedString Down, int C, class... Inner>
struct Same : Sequential<PConvModule<Down, C, 2>, SkipConcat<Inner...>, Upsample2d<2>> {};

template <template <FixedString, int, class...> class Skip>
struct Levels {
  struct L4 : Sequential<PConvModule<"enc7", 256>, Skip<"enc8", 256>, PConvModule<"dec8", 256>,
                         PConvModule<"dec7", 128>> {};
  struct L3 : Sequential<PConvModule<"enc5", 128>, Skip<"enc6", 128, L4>, PConvModule<"dec6", 128>,
                         PConvModule<"dec5", 64>> {};
  struct L2 : Sequential<PConvModule<"enc3", 64>, Skip<"enc4", 64, L3>, PConvModule<"dec4", 64>,
                         PConvModule<"dec3", 32>> {};
  struct L1 : Sequential<PConvModule<"enc1", 32>, Skip<"enc2", 32, L2>, PConvModule<"dec2", 32>,
                         PConvOutput<"dec1">> {};
};

}  // namespace pconv_cifar_net2_blocks

/// Image in [0, 1] with a mask, 32x32x3 -> restored image in (0, 1).
using PConvCifarNet2 = Network<MaskedInput<32, 32, 3>,
                               pconv_cifar_net2_blocks::Levels<pconv_cifar_net2_blocks::Odd>::L1>;
using PConvCifarNet2Same =
    Network<MaskedInput<32, 32, 3>,
            pconv_cifar_net2_blocks::Levels<pconv_cifar_net2_blocks::Same>::L1>;

static_assert(output_shape<PConvCifarNet2> == Shape{32, 32, 3});
static_assert(parameter_count<PConvCifarNet2> == 3'130'947);
static_assert(parameter_count<PConvCifarNet2Same> == 3'130'947);

}  // namespace tessera::models
