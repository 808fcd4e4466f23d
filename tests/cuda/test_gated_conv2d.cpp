// SPDX-License-Identifier: BSD-3-Clause
// Gated convolutions and the holes as a channel on the (emulated) GPU: a training step is the
// CPU's, also between slices of a concatenation.
#include <doctest/doctest.h>

#include <tessera/cuda.hpp>
#include <tessera/layers/gated_conv2d.hpp>
#include <tessera/layers/hole_channel.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/testing/device_check.hpp>

using namespace tessera;

namespace {

constexpr Window same = kernel(3).padding(1);
using Net =
    Network<MaskedInput<5, 7, 3>, HoleChannel, Named<"g1", GatedConv2d<4, 4, same>>,
            SkipConcat<Named<"g2", GatedConv2d<4, 2, same, Tanh>>>, Conv2d<6, 2, kernel(1)>>;

}  // namespace

TEST_CASE("cuda: GatedConv2d and HoleChannel are the CPU's") {
  for (const int batch : {1, 3}) {
    const auto in_double = testing::device_check<Net>({.batch = batch});
    CHECK_MESSAGE(in_double.passed(), in_double.text());
    const auto in_float = testing::device_check<Net, float>({.batch = batch, .tolerance = 1e-4});
    CHECK_MESSAGE(in_float.passed(), in_float.text());
  }
}
