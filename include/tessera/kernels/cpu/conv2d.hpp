// SPDX-License-Identifier: BSD-3-Clause
// The convolution kernels of the CPU: forward, both gradients, and the mask path of partial
// convolutions. Contract: tessera/kernels/conv2d.hpp.
#pragma once
#include <tessera/kernels/cpu/conv2d_backward_input.hpp>
#include <tessera/kernels/cpu/conv2d_backward_weight.hpp>
#include <tessera/kernels/cpu/conv2d_forward.hpp>
#include <tessera/kernels/cpu/partial_conv2d_mask.hpp>
