// SPDX-License-Identifier: BSD-3-Clause
// A partial convolution cannot be fed a stream without a mask.
// clang-format off
// EXPECT-GCC: tessera: a partial convolution needs a masked stream; start the network with MaskedInput
// EXPECT-GCC: network_error<tessera::Complaint::not_masked, tessera::Path{"enc1.conv"}
// EXPECT-GCC: layer_of<tessera::PartialConv2d<3, 8, 
// EXPECT-GCC: tessera::Shape{32, 32, 3, 
// EXPECT-CLANG: tessera: a partial convolution needs a masked stream; start the network with MaskedInput
// EXPECT-CLANG: the_layer_named_here_does_not_fit<tessera::PartialConv2d<3, 8, .*InBlock<'e', 'n', 'c', '1', '[.]', 'c', 'o', 'n', 'v'>
// EXPECT-CLANG: network_error<tessera::Complaint::not_masked, .*[{]32, 32, 3,
// clang-format on
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <class In>
using Net =
    Network<In, Named<"enc1", Named<"conv", PartialConv2d<3, 8, kernel(3).stride(2).same()>>>>;

static_assert(output_shape<Net<MaskedInput<32, 32, 3>>> == Shape{16, 16, 8});
#ifdef TESSERA_EXPECT_FAIL
using Unmasked = Net<Input<32, 32, 3>>;
static_assert(parameter_count<Unmasked> > 0);
#endif
