// SPDX-License-Identifier: BSD-3-Clause
// The building block of the two CIFAR-10 partial-convolution networks: PConv 3x3 -> BatchNorm ->
// LeakyReLU(0.2).
#pragma once
#include <tessera/layers/activations.hpp>
#include <tessera/layers/batch_norm2d.hpp>
#include <tessera/layers/partial_conv2d.hpp>
#include <tessera/layers/upsample2d.hpp>
#include <tessera/network/network.hpp>

namespace tessera::models {

/// One module: `name`.conv, `name`.bn, activation.
template <FixedString Name, int In, int Out, int Stride = 1>
struct PConvModule
    : Named<Name, Named<"conv", PartialConv2d<In, Out, kernel(3).stride(Stride).padding(1)>>,
            Named<"bn", BatchNorm2d<Out>>, LeakyReLU<>> {};

/// The last module: no batch norm, Sigmoid.
template <FixedString Name, int In>
struct PConvOutput
    : Sequential<Named<Name, Named<"conv", PartialConv2d<In, 3, kernel(3).padding(1)>>>, Sigmoid> {
};

}  // namespace tessera::models
