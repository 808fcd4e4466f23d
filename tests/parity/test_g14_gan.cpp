// SPDX-License-Identifier: BSD-3-Clause
// g14_gan's generator and discriminator against PyTorch's values.
#include <tessera/models/g14_gan.hpp>

#include "parity.hpp"

TEST_CASE("the generator of g14_gan equals PyTorch") {
  parity::expect_parity<tessera::models::G14GanGenerator>("g14_gan", "generator",
                                                          {parity::signed_masked});
}
TEST_CASE("the discriminator of g14_gan equals PyTorch") {
  parity::expect_parity<tessera::models::G14GanDiscriminator>("g14_gan", "discriminator",
                                                              {parity::signed_masked});
}
