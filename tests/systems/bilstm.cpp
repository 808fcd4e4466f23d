// SPDX-License-Identifier: BSD-3-Clause
// bilstm with its documented loss: mean squared error.
#include <tessera/losses/mse.hpp>
#include <tessera/models/bilstm.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry bilstm;
const Entry bilstm{"bilstm", 256,
                   [](const Request& request, const Pictures& pictures) {
                     return plain<ts::models::BiLstm>(request, pictures, Range::unit,
                                                      ts::MseLoss{});
                   },
                   4, 2e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
