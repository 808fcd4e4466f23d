// SPDX-License-Identifier: BSD-3-Clause
// An even kernel has no padding that keeps the size.
// clang-format off
// EXPECT-GCC: tessera: same[(][)] needs an odd kernel; an even one has no such padding
// EXPECT-CLANG: tessera: same[(][)] needs an odd kernel; an even one has no such padding
// clang-format on
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

static_assert(output_shape<Network<Input<8, 7, 3>, Conv2d<any, 4, kernel(3).same()>>> ==
              Shape{8, 7, 4});
#ifdef TESSERA_EXPECT_FAIL
using Net = Network<Input<8, 7, 3>, Conv2d<any, 4, kernel(4).same()>>;
static_assert(parameter_count<Net> > 0);
#endif
