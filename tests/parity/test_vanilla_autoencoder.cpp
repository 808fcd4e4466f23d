// SPDX-License-Identifier: BSD-3-Clause
// vanilla_autoencoder against PyTorch's values.
#include <tessera/models/vanilla_autoencoder.hpp>

#include "parity.hpp"

TEST_CASE("vanilla_autoencoder equals PyTorch") {
  parity::expect_parity<tessera::models::VanillaAutoencoder>("vanilla_autoencoder", "net",
                                                             {parity::unit_masked}, 3.6e-8);
}
