// SPDX-License-Identifier: BSD-3-Clause
// A type that is not a layer: no name.
// clang-format off
// EXPECT-GCC: tessera: not a layer: it needs `static constexpr std::string_view name`
// EXPECT-GCC: MyLayer
// EXPECT-CLANG: tessera: not a layer: it needs `static constexpr std::string_view name`
// EXPECT-CLANG: MyLayer
// clang-format on
#include <tessera/network/network.hpp>

using namespace tessera;

struct MyLayer {
#ifndef TESSERA_EXPECT_FAIL
  static constexpr std::string_view name = "my_layer";
#endif
  static constexpr Shape output_shape(Shape in) { return in; }
};

static_assert(output_shape<Network<Input<8, 8, 3>, MyLayer>> == Shape{8, 8, 3});
