// SPDX-License-Identifier: BSD-3-Clause
// pix2pix's generator (without dropout) and discriminator against PyTorch's values.
#include <tessera/models/pix2pix.hpp>

#include "parity.hpp"

TEST_CASE("the generator of pix2pix equals PyTorch") {
  parity::expect_parity<tessera::models::BasicPix2PixGenerator<64, tessera::probability(0)>>(
      "pix2pix", "generator", {parity::signed_masked});
}
TEST_CASE("the discriminator of pix2pix equals PyTorch") {
  parity::expect_parity<tessera::models::Pix2PixDiscriminator>(
      "pix2pix", "discriminator", {parity::signed_masked, parity::signed_whole});
}
