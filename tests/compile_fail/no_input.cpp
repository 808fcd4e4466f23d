// SPDX-License-Identifier: BSD-3-Clause
// A network begins with its input.
// clang-format off
// EXPECT-GCC: tessera: a network begins with Input, MaskedInput or Inputs
// EXPECT-CLANG: tessera: a network begins with Input, MaskedInput or Inputs
// clang-format on
#include <tessera/layers/activations.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

static_assert(output_shape<Network<Input<8, 8, 3>, ReLU>> == Shape{8, 8, 3});
#ifdef TESSERA_EXPECT_FAIL
static_assert(output_shape<Network<ReLU, Tanh>> == Shape{8, 8, 3});
#endif
