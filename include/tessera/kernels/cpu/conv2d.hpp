// SPDX-License-Identifier: BSD-3-Clause
// The convolution kernels of the CPU: forward, both gradients, and the mask path of partial
// convolutions. Contract: tessera/kernels/conv2d.hpp.
#pragma once
#include <tessera/kernels/conv2d.hpp>

#include <tessera/kernels/cpu/conv2d/backward_input.hpp>
#include <tessera/kernels/cpu/conv2d/backward_weight.hpp>
#include <tessera/kernels/cpu/conv2d/forward.hpp>
#include <tessera/kernels/cpu/conv2d/partial_mask.hpp>
