// SPDX-License-Identifier: BSD-3-Clause
// A skip of 16x16 joined with 15x15: both shapes and the blocks that made them are in the message.
// clang-format off
// EXPECT-GCC: tessera: a concatenation joins channels, so both inputs need the same height and width
// EXPECT-GCC: layer_of<tessera::Concat>.*tessera::Shape{15, 15, 6, .*tessera::Shape{16, 16, 4, 
// EXPECT-GCC: tessera::Path{"shrinks"}, tessera::Path{"before"}
// EXPECT-CLANG: tessera: a concatenation joins channels, so both inputs need the same height and width
// EXPECT-CLANG: network_error<tessera::Complaint::concat_size, .*[{]15, 15, 6, .*[{]16, 16, 4, 
// EXPECT-CLANG: the_layer_named_here_does_not_fit<tessera::Concat, .*InBlock<'s', 'h', 'r', 'i', 'n', 'k', 's'>, tessera::InBlock<'b', 'e', 'f', 'o', 'r', 'e'>
// clang-format on
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <int Padding>
using Net =
    Network<Input<16, 16, 3>, Named<"before", Conv2d<3, 4, kernel(3).same()>>,
            SkipConcat<Named<"shrinks", Conv2d<4, 6, kernel(2 + Padding).padding(Padding)>>>>;

static_assert(output_shape<Net<1>> == Shape{16, 16, 10});
#ifdef TESSERA_EXPECT_FAIL
static_assert(output_shape<Net<0>> == Shape{16, 16, 10});
#endif
