// SPDX-License-Identifier: BSD-3-Clause
// Trains network 1 of the CIFAR-10 partial-convolution report.
//   train_pconv_cifar_net1 --data data/cifar10 --epochs 100 --out runs/net1
#include <tessera/models/pconv_cifar_net1.hpp>

#include "support/train_cifar.hpp"

int main(int argc, char** argv) {
  return train_cifar<tessera::models::PConvCifarNet1>("pconv_cifar_net1", argc, argv);
}
