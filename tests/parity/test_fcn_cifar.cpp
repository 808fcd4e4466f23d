// SPDX-License-Identifier: BSD-3-Clause
// fcn_cifar against PyTorch's values.
#include <tessera/models/fcn_cifar.hpp>

#include "parity.hpp"

TEST_CASE("fcn_cifar equals PyTorch") {
  parity::expect_parity<tessera::models::FcnCifar>("fcn_cifar", "net", {parity::unit_masked},
                                                   5.0e-7);
}
