// SPDX-License-Identifier: BSD-3-Clause
// The middle of the context encoders of 2016: every channel's map by a matrix of its own, with
// dropout before it and batch norm and PReLU of the flattened result behind it.
#pragma once
#include <tessera/layers/batch_norm1d.hpp>
#include <tessera/layers/channelwise_fc.hpp>
#include <tessera/layers/dropout.hpp>
#include <tessera/layers/flatten.hpp>
#include <tessera/layers/prelu.hpp>
#include <tessera/network/containers.hpp>

namespace tessera {

/// Dropout -> ChannelwiseFC -> Flatten -> BatchNorm1d -> PReLU -> Unflatten.
///
/// Shapes     x [N, Size, Size, Channels]  ->  y the same
/// Template   Name  of the scope;  Channels, Size (> 0);  P  of the dropout, 0.4 unless given
/// State      Name.weight; Name.bn.*; Name.prelu.weight
template <FixedString Name, int Channels, int Size, Probability P = probability(0.4)>
struct ChannelwiseBlock {
  static constexpr Value lower(auto& b, Value x) {
    x = b.add(Dropout<P>{}, x);
    const int outer = b.open(Name);  // first in its scope: the scope's name is the layer's
    x = b.add(ChannelwiseFC<Size, Size, Channels>{}, x);
    x = b.add(Flatten{}, x);
    x = b.named("bn", BatchNorm1d<>{}, x);
    x = b.named("prelu", PReLU{}, x);
    x = b.add(Unflatten<Size, Size, Channels>{}, x);
    b.close(outer);
    return x;
  }
};

}  // namespace tessera
