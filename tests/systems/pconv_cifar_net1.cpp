// SPDX-License-Identifier: BSD-3-Clause
// pconv_cifar_net1 with its documented loss: mean squared error.
#include <tessera/losses/mse.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry pconv_cifar_net1;
const Entry pconv_cifar_net1{"pconv_cifar_net1", 32,
                             [](const Request& request, const Pictures& pictures) {
                               return plain<ts::models::PConvCifarNet1>(request, pictures,
                                                                        Range::unit, ts::MseLoss{});
                             },
                             4, 1e-2};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
