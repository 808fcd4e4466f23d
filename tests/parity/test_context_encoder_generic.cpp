// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_generic's generator (without dropout) and the discriminator it shares with
// context_encoder_alexnet, at 224x224, against PyTorch's values.
#include <tessera/models/context_encoder_generic.hpp>

#include "parity.hpp"

TEST_CASE("the generator of context_encoder_generic equals PyTorch") {
  parity::expect_parity<
      tessera::models::BasicContextEncoderGenericGenerator<tessera::probability(0)>>(
      "context_encoder_generic", "generator", {parity::signed_masked});
}
TEST_CASE("the discriminator of context_encoder_generic equals PyTorch") {
  parity::expect_parity<tessera::models::ContextEncoderDiscriminator<224>>(
      "context_encoder_generic", "discriminator", {parity::signed_whole});
}
