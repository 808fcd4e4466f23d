// SPDX-License-Identifier: BSD-3-Clause
// The devices a model can live on. A kernel is a name with one overload per device.
#pragma once
#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

/// The processor: BLAS, SIMD and threads.
struct Cpu {
  static constexpr const char* name = "cpu";
};

inline namespace TESSERA_CUDA_ABI {
/// An NVIDIA GPU. Only declared here: <tessera/cuda.hpp> and the CMake target tessera::cuda define
/// it.
struct Cuda;
}  // namespace TESSERA_CUDA_ABI

}  // namespace tessera
