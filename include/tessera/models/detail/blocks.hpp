// SPDX-License-Identifier: BSD-3-Clause
// What most documented networks are made of, with the names their weight files use:
// `name`.conv.weight, `name`.bn.running_mean. Input channels are those of the block before.
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/conv2d.hpp>
#include <tessera/layers/conv_transpose2d.hpp>
#include <tessera/network/block_shapes.hpp>
#include <tessera/network/initialized.hpp>

namespace tessera::models {

/// `name`.conv, then norm and activation, either or both of which may be missing.
template <FixedString Name, class Conv, class... Rest>
struct ConvBlock : Named<Name, Named<"conv", Conv>, Rest...> {};
/// The same for a plain and for a transposed convolution to `Out` channels.
template <FixedString Name, int Out, Window W, class... Rest>
struct ConvTo : ConvBlock<Name, Conv2d<any, Out, W>, Rest...> {};
template <FixedString Name, int Out, Window W, class... Rest>
struct UpConvTo : ConvBlock<Name, ConvTranspose2d<any, Out, W>, Rest...> {};

/// The batch norm of a block: `name`.bn.
template <Epsilon Eps = eps(1e-5)>
struct Norm : Named<"bn", BatchNorm2d<any, Eps>> {};

/// The window that halves an image, or doubles it when transposed.
inline constexpr Window half = kernel(4).stride(2).padding(1);
/// The window of the discriminators that halves an image.
inline constexpr Window half3 = kernel(3).stride(2).same();

}  // namespace tessera::models
