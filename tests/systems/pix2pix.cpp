// SPDX-License-Identifier: BSD-3-Clause
// pix2pix with its documented loss: 100 L1 and binary cross-entropy on logits.
#include <tessera/losses/bce_with_logits.hpp>
#include <tessera/losses/l1.hpp>
#include <tessera/models/pix2pix.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry pix2pix;
const Entry pix2pix{"pix2pix", 256,
                    [](const Request& request, const Pictures& pictures) {
                      using G = ts::models::BasicPix2PixGenerator<full_width ? 64 : 8>;
                      using D = ts::models::BasicPix2PixDiscriminator<full_width ? 64 : 8>;
                      return adversarial<G, D>(request, pictures, Range::symmetric,
                                               100 * ts::L1Loss{}, ts::BceWithLogitsLoss{},
                                               {.discriminator_weight = 0.5});
                    },
                    2, 2e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
