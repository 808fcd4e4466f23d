// SPDX-License-Identifier: BSD-3-Clause
// pconv_cifar_net1: network 1 of the CIFAR-10 partial-convolution report; 32x32, four levels,
// 8,491,203 parameters. Every decoder module reads concat[previous, encoder module] of the same
// resolution, upsampled afterwards; the deepest therefore reads its encoder twice.
#pragma once
#include <tessera/models/detail/pconv_cifar.hpp>

namespace tessera::models {

namespace pconv_cifar_net1_blocks {

struct Level4 : Sequential<PConvModule<"enc4", 512, 2>, SkipConcat<>, Upsample2d<2>,
                           PConvModule<"dec4", 512>> {};
struct Level3 : Sequential<PConvModule<"enc3", 256, 2>, SkipConcat<Level4>, Upsample2d<2>,
                           PConvModule<"dec3", 256>> {};
struct Level2 : Sequential<PConvModule<"enc2", 128, 2>, SkipConcat<Level3>, Upsample2d<2>,
                           PConvModule<"dec2", 128>> {};
struct Level1 : Sequential<PConvModule<"enc1", 64, 2>, SkipConcat<Level2>, Upsample2d<2>,
                           PConvOutput<"dec1">> {};

}  // namespace pconv_cifar_net1_blocks

/// Image in [0, 1] with a mask, 32x32x3 -> restored image in (0, 1).
using PConvCifarNet1 = Network<MaskedInput<32, 32, 3>, pconv_cifar_net1_blocks::Level1>;

static_assert(output_shape<PConvCifarNet1> == Shape{32, 32, 3});
static_assert(parameter_count<PConvCifarNet1> == 8'491'203);

}  // namespace tessera::models
