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
template <FixedString Name, int Out, int Stride = 1>
struct PConvModule
    : Named<Name, Named<"conv", PartialConv2d<any, Out, kernel(3).stride(Stride).same()>>,
            Named<"bn", BatchNorm2d<>>, LeakyReLU<>> {};

/// The last module: no batch norm, Sigmoid.
template <FixedString Name>
struct PConvOutput
    : Sequential<Named<Name, Named<"conv", PartialConv2d<any, 3, kernel(3).same()>>>, Sigmoid> {};

}  // namespace tessera::models
