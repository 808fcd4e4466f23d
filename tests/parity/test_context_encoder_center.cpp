// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_center's generator and discriminator against PyTorch's values.
#include <tessera/models/context_encoder_center.hpp>

#include "parity.hpp"

TEST_CASE("the generator of context_encoder_center equals PyTorch") {
  parity::expect_parity<tessera::models::ContextEncoderCenterGenerator>(
      "context_encoder_center", "generator", {parity::signed_whole});
}
TEST_CASE("the discriminator of context_encoder_center equals PyTorch") {
  parity::expect_parity<tessera::models::ContextEncoderCenterDiscriminator>(
      "context_encoder_center", "discriminator", {parity::signed_whole});
}
