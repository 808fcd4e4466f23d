// SPDX-License-Identifier: BSD-3-Clause
// Trains network 2 of the CIFAR-10 partial-convolution report.
//   train_pconv_cifar_net2 --data data/cifar10 --epochs 100 --out runs/net2
#include <tessera/models/pconv_cifar_net2.hpp>

#include "support/train_cifar.hpp"

int main(int argc, char** argv) {
  return train_cifar<tessera::models::PConvCifarNet2>("pconv_cifar_net2", argc, argv);
}
