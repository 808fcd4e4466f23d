// SPDX-License-Identifier: BSD-3-Clause
// g14_gan with its documented loss: L1 and a least-squares adversarial term.
#include <tessera/losses/l1.hpp>
#include <tessera/losses/lsgan.hpp>
#include <tessera/models/g14_gan.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry g14_gan;
const Entry g14_gan{
    "g14_gan", 256,
    [](const Request& request, const Pictures& pictures) {
      using G = ts::models::BasicG14GanGenerator<full_width ? 64 : 48, full_width ? 4000 : 1000>;
      using D = ts::models::BasicG14GanDiscriminator<full_width ? 64 : 48>;
      return adversarial<G, D>(request, pictures, Range::symmetric, 0.999 * ts::L1Loss{},
                               ts::LsganLoss{},
                               {.adversarial_weight = 0.001, .discriminator_weight = 0.5});
    },
    1, 1e-3};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
