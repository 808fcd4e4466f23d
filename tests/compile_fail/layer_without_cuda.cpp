// SPDX-License-Identifier: BSD-3-Clause
// A layer that is written for the CPU alone, in a model for the GPU.
// EXPECT-GCC: static assertion failed: tessera: this layer needs `static void forward.const tessera::Run<Device, T>&.` and a `backward` of the same form for the device of the model; both are named at `layer_has_no_code_for<layer, device>`
// EXPECT-CLANG: tessera: this layer needs `static void forward.const tessera::Run<Device, T>&.` and a `backward` of the same form for the device of the model; both are named at `layer_has_no_code_for<layer, device>`
#define TESSERA_CUDA_EMULATE
#include <tessera/cuda.hpp>
#include <tessera/network/model.hpp>

namespace ts = tessera;

struct Twice {
  static constexpr std::string_view name = "twice";
  static constexpr ts::Shape output_shape(ts::Shape in) { return in; }
  template <class T>
  static void forward(const ts::Run<ts::Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.x().size(); ++i) run.y().data[i] = 2 * run.x().data[i];
  }
  template <class T>
  static void backward(const ts::Run<ts::Cpu, T>& run) {
    for (std::ptrdiff_t i = 0; i < run.x().size(); ++i) run.dx().data[i] = 2 * run.dy().data[i];
  }
};
using Net = ts::Network<ts::Input<8, 8, 3>, Twice>;

#ifdef TESSERA_EXPECT_FAIL
using Device = ts::Cuda;
#else
using Device = ts::Cpu;
#endif

void use() {
  ts::Model<Net, Device> model;
  model.pass({.batch = 1}).forward();
}
