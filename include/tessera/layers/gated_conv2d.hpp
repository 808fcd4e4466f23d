// SPDX-License-Identifier: BSD-3-Clause
// GatedConv2d: a convolution whose every output is weighed by a second one [yu2019].
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/join.hpp>

namespace tessera {

/// A gated convolution: what DeepFill v2 takes in place of a partial one. It learns where the input
/// is worth reading; the hole enters as a channel of the input.
///
/// y = activation(conv2d(x)) sigmoid(mask_conv2d(x)), both convolutions with the window W
///
/// Shapes     x [N, H, W, In]  ->  y [N, H', W', Out], H' as of Conv2d; a mask ends here
/// Template   In, Out  channels;  W  window;  Activation  a layer, ELU<> unless given
/// State      conv2d.weight, conv2d.bias, mask_conv2d.weight, mask_conv2d.bias: as of Conv2d. It
/// opens
///            the scopes conv2d and mask_conv2d, so two in one scope need names: Named<"g1",
///            GatedConv2d<...>>
/// Errors     as Conv2d
/// Source     [yu2019]; names of its port to PyTorch
///
/// Example    Network<Input<64, 64, 4>, Named<"g1", GatedConv2d<4, 32, kernel(5).padding(2)>>>
template <int In, int Out, Window W, class Activation = ELU<>>
struct GatedConv2d {
  static constexpr auto lower(auto& b, auto x) {
    const auto gate = b.add(Sigmoid{}, b.named("mask_conv2d", Conv2d<In, Out, W>{}, x));
    const auto feature = b.add(Activation{}, b.named("conv2d", Conv2d<In, Out, W>{}, x));
    return b.product(feature, gate);
  }
};

}  // namespace tessera
