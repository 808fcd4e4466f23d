// SPDX-License-Identifier: BSD-3-Clause
// The documented architectures.
#pragma once
#include <tessera/models/alexnet_features.hpp>
#include <tessera/models/bilstm.hpp>
#include <tessera/models/channelwise_block.hpp>
#include <tessera/models/context_encoder_alexnet.hpp>
#include <tessera/models/context_encoder_center.hpp>
#include <tessera/models/context_encoder_generic.hpp>
#include <tessera/models/conv_fc_cifar.hpp>
#include <tessera/models/dmd_gan.hpp>
#include <tessera/models/fcn_cifar.hpp>
#include <tessera/models/g14_gan.hpp>
#include <tessera/models/patch_discriminator.hpp>
#include <tessera/models/pconv_cifar_net1.hpp>
#include <tessera/models/pconv_cifar_net2.hpp>
#include <tessera/models/pconv_unet.hpp>
#include <tessera/models/pix2pix.hpp>
#include <tessera/models/vanilla_autoencoder.hpp>
#include <tessera/models/vgg16_features.hpp>
