// SPDX-License-Identifier: BSD-3-Clause
// pconv_cifar_net1 against PyTorch's values.
#include <tessera/models/pconv_cifar_net1.hpp>

#include "parity.hpp"

TEST_CASE("the fill rule gives its test vectors") {
  CHECK(golden::fnv1a("input") == 0x1ebbae8f5810b65bu);
  const auto v = golden::values("input", 3);
  CHECK(v[0] == -0.8043633146849236);
  CHECK(v[1] == 0.30472085653436465);
  CHECK(v[2] == -0.5927514534729075);
  CHECK(golden::fnv1a("enc1.conv.weight") == 0x4dbe353c3847c4c8u);
  CHECK(golden::values("enc1.conv.weight", 1)[0] == 0.7195646551558463);
}

TEST_CASE("pconv_cifar_net1 equals PyTorch") {
  parity::expect_parity<tessera::models::PConvCifarNet1>("pconv_cifar_net1", "net",
                                                         {parity::unit_masked}, 6.8e-5);
}
