// SPDX-License-Identifier: BSD-3-Clause
// All of Tessera in the order in which data flows, but the documented architectures
// (<tessera/models.hpp> or one of models/), the checks of <tessera/testing.hpp>, and the CUDA device
// (<tessera/cuda.hpp>).
#pragma once
#include <tessera/version.hpp>

#include <tessera/tensor.hpp>

#include <tessera/io.hpp>

#include <tessera/layers.hpp>

#include <tessera/network.hpp>

#include <tessera/losses.hpp>

#include <tessera/optimizers.hpp>

#include <tessera/data.hpp>

#include <tessera/inference.hpp>

#include <tessera/training.hpp>
