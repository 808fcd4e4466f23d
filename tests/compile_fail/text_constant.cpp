// SPDX-License-Identifier: BSD-3-Clause
// A text that reads a constant which only the CPU would know, in a model for the GPU.
// EXPECT-GCC: static assertion failed: tessera: a text reads a name that the GPU would not know: declare the constant inside the text, or list it in TESSERA_CONSTANTS.name.
// EXPECT-CLANG: tessera: a text reads a name that the GPU would not know: declare the constant inside the text, or list it in TESSERA_CONSTANTS.name.
#define TESSERA_CUDA_EMULATE
#include <tessera/cuda.hpp>
#include <tessera/layers/pointwise.hpp>
#include <tessera/network/containers.hpp>
#include <tessera/network/model.hpp>
#include <tessera/network/network.hpp>

namespace ts = tessera;

struct Gain : ts::pointwise::Functions {
  static constexpr double gain = 0.3;
#ifndef TESSERA_EXPECT_FAIL
  TESSERA_CONSTANTS(gain)
#endif
  TESSERA_POINTWISE_BODY(
      template <class T> T forward(T x) const { return constant<T>(gain) * x; }
      template <class T> T derivative(T, T) const { return constant<T>(gain); })
};

void use() {
  ts::Model<ts::Network<ts::Input<8, 8, 3>, Gain>, ts::Cuda> model;
  model.pass({.batch = 1}).forward();
}
