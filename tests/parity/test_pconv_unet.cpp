// SPDX-License-Identifier: BSD-3-Clause
// pconv_unet against PyTorch's values.
#include <tessera/models/pconv_unet.hpp>

#include "parity.hpp"

TEST_CASE("pconv_unet equals PyTorch") {
  parity::expect_parity<tessera::models::PConvUNet>("pconv_unet", "unet", {parity::unit_masked});
}
