// SPDX-License-Identifier: BSD-3-Clause
// A member of the model without the header that it needs.
// EXPECT-GCC: static assertion failed: tessera: Model::load needs #include <tessera/network/weights.hpp>
// EXPECT-CLANG: tessera: Model::load needs #include <tessera/network/weights.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/network/model.hpp>

#ifndef TESSERA_EXPECT_FAIL
#include <tessera/network/weights.hpp>
#endif

namespace ts = tessera;

using Net = ts::Network<ts::Input<8, 8, 3>, ts::Tanh>;

void use() {
  ts::Model<Net> model;
  model.load("file");
}
