// SPDX-License-Identifier: BSD-3-Clause
// vanilla_autoencoder with its documented loss: mean squared error.
#include <tessera/losses/mse.hpp>
#include <tessera/models/vanilla_autoencoder.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry vanilla_autoencoder;
const Entry vanilla_autoencoder{"vanilla_autoencoder", 32,
                                [](const Request& request, const Pictures& pictures) {
                                  return plain<ts::models::VanillaAutoencoder>(
                                      request, pictures, Range::unit, ts::MseLoss{});
                                },
                                1, 5e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
