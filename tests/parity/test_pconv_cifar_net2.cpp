// SPDX-License-Identifier: BSD-3-Clause
// pconv_cifar_net2, with either kind of skip, against PyTorch's values.
#include <tessera/models/pconv_cifar_net2.hpp>

#include "parity.hpp"

TEST_CASE("pconv_cifar_net2 equals PyTorch") {
  parity::expect_parity<tessera::models::PConvCifarNet2>("pconv_cifar_net2", "net",
                                                         {parity::unit_masked}, 6.8e-5);
}
TEST_CASE("pconv_cifar_net2 with same-resolution skips equals PyTorch") {
  parity::expect_parity<tessera::models::PConvCifarNet2Same>("pconv_cifar_net2", "net_same",
                                                             {parity::unit_masked}, 6.8e-5);
}
