// SPDX-License-Identifier: BSD-3-Clause
// A layer without forward and backward may be described, but no model can be made of it.
// clang-format off
// EXPECT-GCC: tessera: this layer needs `static void forward[(]const tessera::Run<Device, T>&[)]` and a `backward` of the same form for the device of the model
// EXPECT-GCC: layer_has_no_code_for<MyLayer, tessera::[a-z0-9]*::Cpu>
// EXPECT-CLANG: tessera: this layer needs `static void forward[(]const tessera::Run<Device, T>&[)]` and a `backward` of the same form for the device of the model
// EXPECT-CLANG: layer_has_no_code_for<MyLayer, tessera::Cpu>
// clang-format on
#include <tessera/network/model.hpp>

using namespace tessera;

struct MyLayer {
  static constexpr std::string_view name = "my_layer";
  static constexpr Shape output_shape(Shape in) { return in; }
#ifndef TESSERA_EXPECT_FAIL
  template <class T>
  static void forward(const Run<Cpu, T>&) {}
#endif
  template <class T>
  static void backward(const Run<Cpu, T>&) {}
};
using Net = Network<Input<8, 8, 3>, MyLayer>;

static_assert(output_shape<Net> == Shape{8, 8, 3});
void use() {
  Model<Net> model;
  (void)model.pass({});
}
