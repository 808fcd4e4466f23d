// SPDX-License-Identifier: BSD-3-Clause
// Groups that do not divide channels which were left to the compiler: the number is in the message.
// clang-format off
// EXPECT-GCC: tessera: the layer's groups do not divide the channels that come in
// EXPECT-GCC: network_error<tessera::Complaint::groups, tessera::Path{"norm"}.*layer_of<tessera::GroupNorm<4, .*tessera::Shape{6, 5, 30, 
// EXPECT-CLANG: tessera: the layer's groups do not divide the channels that come in
// EXPECT-CLANG: the_layer_named_here_does_not_fit<tessera::GroupNorm<4, .*InBlock<'n', 'o', 'r', 'm'>
// EXPECT-CLANG: network_error<tessera::Complaint::groups, .*[{]6, 5, 30,
// clang-format on
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/group_norm.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <int Groups>
using Net =
    Network<Input<6, 5, 3>, Conv2d<any, 30, kernel(3).same()>, Named<"norm", GroupNorm<Groups>>>;

static_assert(parameter_count<Net<5>> == 30 * 27 + 3 * 30);
#ifdef TESSERA_EXPECT_FAIL
static_assert(parameter_count<Net<4>> > 0);
#endif
