// SPDX-License-Identifier: BSD-3-Clause
// Checks for layers, losses and kernels of your own.
#pragma once
#include <tessera/testing/device_check.hpp>
#include <tessera/testing/gradient_check.hpp>
#include <tessera/testing/loss_check.hpp>
