// SPDX-License-Identifier: BSD-3-Clause
// Two blocks of one name in one scope would make two tensors of one name.
// clang-format off
// EXPECT-GCC: tessera: two blocks of one scope have the same name
// EXPECT-GCC: network_error<tessera::Complaint::duplicate_name, tessera::Path{"generator"}
// EXPECT-CLANG: tessera: two blocks of one scope have the same name
// EXPECT-CLANG: the_layer_named_here_does_not_fit<.*InBlock<'g', 'e', 'n', 'e', 'r', 'a', 't', 'o', 'r'>
// clang-format on
#include <tessera/layers/conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

template <FixedString Second>
using Net = Network<Input<8, 8, 3>,
                    Named<"generator", Named<"enc1", Conv2d<3, 3, kernel(1)>>,
                          Named<Second, Conv2d<3, 3, kernel(1)>>>,
                    Named<"enc1", Conv2d<3, 3, kernel(1)>>>;  // another scope: allowed

static_assert(parameter_count<Net<"enc2">> == 36);
#ifdef TESSERA_EXPECT_FAIL
static_assert(parameter_count<Net<"enc1">> == 36);
#endif
