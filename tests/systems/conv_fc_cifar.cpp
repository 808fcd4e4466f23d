// SPDX-License-Identifier: BSD-3-Clause
// conv_fc_cifar with its documented loss: mean squared error of the centre.
#include <tessera/losses/mse.hpp>
#include <tessera/models/conv_fc_cifar.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry conv_fc_cifar;
const Entry conv_fc_cifar{"conv_fc_cifar", 32,
                          [](const Request& request, const Pictures& pictures) {
                            return plain<ts::models::ConvFcCifar>(request, pictures, Range::unit,
                                                                  ts::MseLoss{});
                          },
                          4, 2e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
