// SPDX-License-Identifier: BSD-3-Clause
// A block named "0" and the unnamed layer 0 would have tensors of one name.
// clang-format off
// EXPECT-GCC: tessera: two blocks of one scope have the same name
// EXPECT-CLANG: tessera: two blocks of one scope have the same name
// clang-format on
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <FixedString Name>
using After = Network<Input<8, 8, 3>, Conv2d<3, 3, kernel(1)>, Named<Name, Conv2d<3, 3, kernel(1)>>>;
template <FixedString Name>
using Before =
    Network<Input<8, 8, 3>, Named<Name, Conv2d<3, 3, kernel(1)>>, Conv2d<3, 3, kernel(1)>>;

static_assert(parameter_count<After<"1">> == 24 && parameter_count<Before<"1">> == 24);
#ifdef TESSERA_EXPECT_FAIL
static_assert(parameter_count<After<"0">> == 24);
static_assert(parameter_count<Before<"0">> == 24);
#endif
