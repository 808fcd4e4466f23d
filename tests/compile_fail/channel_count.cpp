// SPDX-License-Identifier: BSD-3-Clause
// Channel counts must be positive.
// clang-format off
// EXPECT-GCC: tessera: PartialConv2d needs positive channel counts
// EXPECT-GCC: PartialConv2d<3, 0, 
// EXPECT-CLANG: tessera: PartialConv2d needs positive channel counts
// EXPECT-CLANG: PartialConv2d<3, 0,
// clang-format on
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <int C>
using Net = Network<MaskedInput<8, 8, 3>, PartialConv2d<3, C, kernel(1)>, BatchNorm2d<C>,
                    Conv2d<C, 3, kernel(1)>>;

static_assert(output_shape<Net<4>> == Shape{8, 8, 3});
#ifdef TESSERA_EXPECT_FAIL
static_assert(output_shape<Net<0>> == Shape{8, 8, 3});
#endif
