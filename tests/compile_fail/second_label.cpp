// SPDX-License-Identifier: BSD-3-Clause
// A value carries one label; a second one would hide the first.
// clang-format off
// EXPECT-GCC: tessera: a value carries one label, and this one has one already
// EXPECT-CLANG: tessera: a value carries one label, and this one has one already
// clang-format on
#include <tessera/layers/activations.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <class... More>
using Net = Network<Input<8, 8, 3>, ReLU, Tap<"a">, More..., Tanh, ConcatWith<"a">>;

static_assert(output_shape<Net<>> == Shape{8, 8, 6});
#ifdef TESSERA_EXPECT_FAIL
static_assert(output_shape<Net<Tap<"b">>> == Shape{8, 8, 6});
#endif
