// SPDX-License-Identifier: BSD-3-Clause
// The few things the library asks of a GPU's driver: memory, copies, launches and graphs in the
// order of one stream. <tessera/cuda/detail/driver_runtime.hpp> is the CUDA runtime;
// <tessera/cuda/emulation/runtime.hpp> has the same functions on the host, for tests.
#pragma once
#ifdef TESSERA_CUDA_EMULATE
#include <tessera/cuda/emulation/runtime.hpp>
#else
#include <tessera/cuda/detail/driver_runtime.hpp>
#endif
