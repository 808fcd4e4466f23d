// SPDX-License-Identifier: BSD-3-Clause
// A member of the model without the header that it needs.
// EXPECT-GCC: static assertion failed: tessera: Model::inpaint needs #include <tessera/inference/inpaint.hpp>
// EXPECT-CLANG: tessera: Model::inpaint needs #include <tessera/inference/inpaint.hpp>
#include <tessera/layers/activations.hpp>
#include <tessera/network/model.hpp>
#include <tessera/tensor/xtensor.hpp>

#ifndef TESSERA_EXPECT_FAIL
#include <tessera/inference/inpaint.hpp>
#endif

namespace ts = tessera;

using Net = ts::Network<ts::Input<8, 8, 3>, ts::Tanh>;

void use() {
  ts::Model<Net> model;
  model.inpaint(xt::xtensor<float, 4>{}, xt::xtensor<int, 3>{});
}
