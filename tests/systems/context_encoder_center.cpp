// SPDX-License-Identifier: BSD-3-Clause
// context_encoder_center with its documented loss: MSE of the centre and binary cross-entropy.
#include <tessera/losses/bce.hpp>
#include <tessera/losses/mse.hpp>
#include <tessera/models/context_encoder_center.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry context_encoder_center;
const Entry context_encoder_center{"context_encoder_center", 256,
                                   [](const Request& request, const Pictures& pictures) {
                                     using G = ts::models::ContextEncoderCenterGenerator;
                                     using D = ts::models::ContextEncoderCenterDiscriminator;
                                     return adversarial<G, D>(request, pictures, Range::imagenet,
                                                              0.999 * ts::MseLoss{}, ts::BceLoss{},
                                                              context_encoder_options);
                                   },
                                   4, 2e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
