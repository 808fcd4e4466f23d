// SPDX-License-Identifier: BSD-3-Clause
// dmd_gan with its documented loss: masked L1 sum and a least-squares adversarial term.
#include <tessera/losses/l1.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/models/dmd_gan.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry dmd_gan;
const Entry dmd_gan{
    "dmd_gan", 256,
    [](const Request& request, const Pictures& pictures) {
      using G = ts::models::BasicDmdGanGenerator<full_width ? 64 : 16, full_width ? 4000 : 200>;
      using D = ts::models::BasicDmdGanDiscriminator<full_width ? 64 : 16>;
      const auto loss =
          0.999 * ts::L1Loss{ts::Region::hole, ts::MeanOver::nothing, "reconstruction"};
      return adversarial<G, D>(request, pictures, Range::symmetric, loss, ts::LsganLoss{},
                               {.adversarial_weight = 0.001});
    },
    2, 2e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
