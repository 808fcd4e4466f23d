// SPDX-License-Identifier: BSD-3-Clause
// The list of all documented systems that are networks of this library.
#include "system.hpp"

namespace systems::TESSERA_SYSTEMS_DEVICE {

extern const Entry dmd_gan, pconv_unet, pix2pix, g14_gan, bilstm, context_encoder_center,
    context_encoder_generic, context_encoder_alexnet, pconv_cifar_net1, pconv_cifar_net2, fcn_cifar,
    conv_fc_cifar, vanilla_autoencoder;

const std::vector<const Entry*>& all() {
  static const std::vector<const Entry*> list{&dmd_gan,
                                              &pconv_unet,
                                              &pix2pix,
                                              &g14_gan,
                                              &bilstm,
                                              &context_encoder_center,
                                              &context_encoder_generic,
                                              &context_encoder_alexnet,
                                              &pconv_cifar_net1,
                                              &pconv_cifar_net2,
                                              &fcn_cifar,
                                              &conv_fc_cifar,
                                              &vanilla_autoencoder};
  return list;
}

}  // namespace systems::TESSERA_SYSTEMS_DEVICE
