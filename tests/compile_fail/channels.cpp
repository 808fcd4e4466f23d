// SPDX-License-Identifier: BSD-3-Clause
// Channels that do not fit, deep inside named blocks: path, layer and shape are in the message.
// clang-format off
// EXPECT-GCC: tessera: the layer's input channels differ from what comes in
// EXPECT-GCC: network_error<tessera::Complaint::channels, tessera::Path{"dec8.conv"}
// EXPECT-GCC: layer_of<tessera::Conv2d<64, 16, 
// EXPECT-GCC: tessera::Shape{12, 20, 40, 
// EXPECT-CLANG: tessera: the layer's input channels differ from what comes in
// EXPECT-CLANG: the_layer_named_here_does_not_fit<tessera::Conv2d<64, 16, .*InBlock<'d', 'e', 'c', '8', '[.]', 'c', 'o', 'n', 'v'>
// EXPECT-CLANG: network_error<tessera::Complaint::channels, .*[{]12, 20, 40,
// clang-format on
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

constexpr Window same = kernel(3).same();
template <FixedString Name, int In, int Out>
struct Module : Named<Name, Named<"conv", Conv2d<In, Out, same>>, ReLU> {};
template <int Skipped>
struct Level : SkipConcat<Module<"enc8", 24, 40>, Module<"dec8", Skipped, 16>> {};
template <int Skipped>
using Net = Network<Input<12, 20, 3>, Module<"enc7", 3, 24>, Level<Skipped>, Module<"dec7", 40, 3>>;

static_assert(output_shape<Net<40>> == Shape{12, 20, 3});
#ifdef TESSERA_EXPECT_FAIL
static_assert(parameter_count<Net<64>> > 0);
#endif
