// SPDX-License-Identifier: BSD-3-Clause
// A model for the GPU without the header that defines the device.
// EXPECT-GCC: static assertion failed: tessera: Model<Net, Cuda> needs #include <tessera/cuda.hpp> and the CMake target tessera::cuda
// EXPECT-CLANG: tessera: Model<Net, Cuda> needs #include <tessera/cuda.hpp> and the CMake target tessera::cuda
#include <tessera/layers/activations.hpp>
#include <tessera/network/model.hpp>

namespace ts = tessera;

using Net = ts::Network<ts::Input<8, 8, 3>, ts::Tanh>;

#ifdef TESSERA_EXPECT_FAIL
using TheModel = ts::Model<Net, ts::Cuda>;
#else
using TheModel = ts::Model<Net, ts::Cpu>;
#endif

void use() { TheModel model; }
