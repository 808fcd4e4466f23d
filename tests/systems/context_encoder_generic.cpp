// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_generic with its documented loss: MSE and binary cross-entropy.
#include <tessera/losses/bce.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/models/context_encoder_generic.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry context_encoder_generic;
const Entry context_encoder_generic{"context_encoder_generic", 256,
                                    [](const Request& request, const Pictures& pictures) {
                                      using G = ts::models::ContextEncoderGenericGenerator;
                                      using D = ts::models::ContextEncoderGenericDiscriminator;
                                      return adversarial<G, D>(request, pictures, Range::imagenet,
                                                               0.999 * ts::MseLoss{}, ts::BceLoss{},
                                                               context_encoder_options);
                                    },
                                    2, 2e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
