// SPDX-License-Identifier: BSD-3-Clause
// pconv_unet with its documented loss: Liu's loss without the terms that need pretrained features.
#include <tessera/losses/l1.hpp>
#include <tessera/models/pconv_unet.hpp>

#include "training.hpp"

namespace ts = tessera;

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry pconv_unet;
const Entry pconv_unet{"pconv_unet", 256,
                       [](const Request& request, const Pictures& pictures) {
                         using ts::MeanOver;
                         const auto loss =
                             ts::L1Loss{ts::Region::valid, MeanOver::image, "valid"} +
                             6 * ts::L1Loss{ts::Region::hole, MeanOver::image, "hole"};
                         return plain<ts::models::BasicPConvUNet<full_width ? 64 : 8>>(
                             request, pictures, Range::unit, loss);
                       },
                       2, 1e-2};

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
