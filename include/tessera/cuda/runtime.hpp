// SPDX-License-Identifier: BSD-3-Clause
// The few things the library asks of a GPU's driver: memory, copies, launches and graphs in the
// order of one stream. <tessera/cuda/driver_runtime.hpp> is the CUDA runtime;
// <tessera/cuda/emulated_runtime.hpp> has the same functions on the host, for tests.
#pragma once
#ifdef TESSERA_CUDA_EMULATE
#include <tessera/cuda/emulated_runtime.hpp>
#else
#include <tessera/cuda/driver_runtime.hpp>
#endif
