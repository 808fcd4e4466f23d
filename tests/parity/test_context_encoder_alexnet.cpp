// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_alexnet's generator (without dropout) against PyTorch's values.
#include <tessera/models/context_encoder_alexnet.hpp>

#include "parity.hpp"

TEST_CASE("the generator of context_encoder_alexnet equals PyTorch") {
  parity::expect_parity<
      tessera::models::BasicContextEncoderAlexNetGenerator<tessera::probability(0)>>(
      "context_encoder_alexnet", "generator", {parity::signed_masked});
}
