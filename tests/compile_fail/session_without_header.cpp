// SPDX-License-Identifier: BSD-3-Clause
// A member of the model without the header that it needs.
// EXPECT-GCC: static assertion failed: tessera: Model::session needs #include <tessera/inference/session.hpp>
// EXPECT-CLANG: tessera: Model::session needs #include <tessera/inference/session.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/network/model.hpp>

#ifndef TESSERA_EXPECT_FAIL
#include <tessera/inference/session.hpp>
#endif

namespace ts = tessera;

using Net = ts::Network<ts::Input<8, 8, 3>, ts::Tanh>;

void use() {
  ts::Model<Net> model;
  auto session = model.session();
}
