// SPDX-License-Identifier: BSD-3-Clause
// A plain convolution before a layer that needs the mask: the convolution is named, and then the
// block that misses the mask, be it a partial convolution, a concatenation or a sum.
// clang-format off
// EXPECT-GCC: tessera: this layer ends the mask that a later layer needs
// EXPECT-GCC: network_error<tessera::Complaint::mask_ended, tessera::Path{"plain"}.*layer_of<tessera::Conv2d<-1, 3, .*tessera::Shape{8, 6, 3, .*tessera::Path{"before"}, tessera::Path{"needs"}
// EXPECT-GCC: network_error<tessera::Complaint::mask_ended, tessera::Path{"plain"}.*tessera::Path{"before"}, tessera::Path{"join"}
// EXPECT-GCC: network_error<tessera::Complaint::mask_ended, tessera::Path{"plain"}.*tessera::Path{"before"}, tessera::Path{"add"}
// EXPECT-CLANG: tessera: this layer ends the mask that a later layer needs
// EXPECT-CLANG: the_layer_named_here_does_not_fit<tessera::Conv2d<-1, 3, .*InBlock<'p', 'l', 'a', 'i', 'n'>, tessera::InBlock<'b', 'e', 'f', 'o', 'r', 'e'>, tessera::InBlock<'n', 'e', 'e', 'd', 's'>
// EXPECT-CLANG: the_layer_named_here_does_not_fit<tessera::Conv2d<-1, 3, .*InBlock<'p', 'l', 'a', 'i', 'n'>, tessera::InBlock<'b', 'e', 'f', 'o', 'r', 'e'>, tessera::InBlock<'j', 'o', 'i', 'n'>
// EXPECT-CLANG: the_layer_named_here_does_not_fit<tessera::Conv2d<-1, 3, .*InBlock<'p', 'l', 'a', 'i', 'n'>, tessera::InBlock<'b', 'e', 'f', 'o', 'r', 'e'>, tessera::InBlock<'a', 'd', 'd'>
// EXPECT-CLANG: network_error<tessera::Complaint::mask_ended, .*[{]8, 6, 3,
// clang-format on
#include <tessera/layers/activations.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/network/network.hpp>

using namespace tessera;

constexpr Window same = kernel(3).same();
template <class Middle, class... Rest>
using Net = Network<MaskedInput<8, 6, 3>, Named<"before", PartialConv2d<any, 3, same>>,
                    Named<"plain", Middle>, ReLU, Rest...>;
template <class Middle>
using Needs = Net<Middle, Named<"needs", PartialConv2d<any, 4, same>>>;
struct JoinWithInput {
  static constexpr Value lower(auto& b, Value x) { return b.concat(x, b.label("image")); }
};
struct AddInput {
  static constexpr Value lower(auto& b, Value x) { return b.sum(x, b.label("image")); }
};
template <class Middle, class Last>
using WithImage =
    Network<MaskedInput<8, 6, 3, "image">, Named<"before", PartialConv2d<any, 3, same>>,
            Named<"plain", Middle>, ReLU, Last>;

using Keeps = PartialConv2d<any, 3, same>;
static_assert(parameter_count<Needs<Keeps>> > 0);
static_assert(parameter_count<WithImage<Keeps, Named<"join", JoinWithInput>>> > 0);
static_assert(parameter_count<WithImage<Keeps, Named<"add", AddInput>>> > 0);
#ifdef TESSERA_EXPECT_FAIL
using Ends = Conv2d<any, 3, same>;
static_assert(parameter_count<Needs<Ends>> > 0);
static_assert(parameter_count<WithImage<Ends, Named<"join", JoinWithInput>>> > 0);
static_assert(parameter_count<WithImage<Ends, Named<"add", AddInput>>> > 0);
#endif
