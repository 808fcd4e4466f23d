// SPDX-License-Identifier: BSD-3-Clause
// The block most documented networks are made of, with the names their weight files use:
// `name`.conv.weight, `name`.bn.running_mean.
#pragma once
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/window.hpp>
#include <tessera/network/containers.hpp>

namespace tessera::models {

/// `name`.conv, then norm and activation, either or both of which may be missing.
template <FixedString Name, class Conv, class... Rest>
struct ConvBlock : Named<Name, Named<"conv", Conv>, Rest...> {};

/// The batch norm of a block: `name`.bn.
template <int Channels, Epsilon Eps = eps(1e-5)>
struct Norm : Named<"bn", BatchNorm2d<Channels, Eps>> {};

/// The window that halves an image, or doubles it when transposed.
inline constexpr Window half = kernel(4).stride(2).padding(1);

}  // namespace tessera::models
