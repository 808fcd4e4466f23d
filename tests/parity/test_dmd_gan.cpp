// SPDX-License-Identifier: BSD-3-Clause
// dmd_gan's generator and discriminator against PyTorch's values.
#include <tessera/models/dmd_gan.hpp>

#include "parity.hpp"

TEST_CASE("the generator of dmd_gan equals PyTorch") {
  parity::expect_parity<tessera::models::DmdGanGenerator>("dmd_gan", "generator",
                                                          {parity::signed_masked});
}
TEST_CASE("the discriminator of dmd_gan equals PyTorch") {
  parity::expect_parity<tessera::models::DmdGanDiscriminator>("dmd_gan", "discriminator",
                                                              {parity::signed_masked});
}
