// SPDX-License-Identifier: BSD-3-Clause
// A label that no earlier Tap or Input has.
// clang-format off
// EXPECT-GCC: tessera: no earlier Tap or Input has this label
// EXPECT-GCC: network_error<tessera::Complaint::unknown_label, tessera::Path{"dec1"}
// EXPECT-CLANG: tessera: no earlier Tap or Input has this label
// EXPECT-CLANG: the_layer_named_here_does_not_fit<.*InBlock<'d', 'e', 'c', '1'>
// clang-format on
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <FixedString Label>
using Net = Network<Input<8, 8, 3>, Conv2d<3, 4, kernel(1)>, Tap<"style">,
                    Named<"dec1", ConcatWith<Label>, Conv2d<8, 4, kernel(1)>>>;

static_assert(output_shape<Net<"style">> == Shape{8, 8, 4});
#ifdef TESSERA_EXPECT_FAIL
static_assert(output_shape<Net<"stile">> == Shape{8, 8, 4});
#endif
