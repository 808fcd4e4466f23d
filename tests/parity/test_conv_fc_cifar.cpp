// SPDX-License-Identifier: BSD-3-Clause
// conv_fc_cifar against PyTorch's values.
#include <tessera/models/conv_fc_cifar.hpp>

#include "parity.hpp"

TEST_CASE("conv_fc_cifar equals PyTorch") {
  parity::expect_parity<tessera::models::ConvFcCifar>("conv_fc_cifar", "net", {parity::unit_masked},
                                                      5.1e-8);
}
