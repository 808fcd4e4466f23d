// SPDX-License-Identifier: BSD-3-Clause
// Compiles the kernels of an emulated program for real GPUs, none of which need be there: what the
// emulation cannot see is found, such as a text that is missing among those another needs.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include <tessera/cuda/kernel_cache.hpp>
#include <tessera/cuda/detail/parallel_compile.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera::inline TESSERA_ABI::testing {

/// Compiles every kernel that this program's models, passes and launches have needed so far for
/// GPUs such as "sm_90"; returns how many there were. For programs with TESSERA_CUDA_EMULATE that
/// link tessera::cuda.
/// Errors: DeviceError with NVRTC's words for a kernel that it refuses or has a warning about
template <class Cache = cuda::KernelCache>
std::size_t compile_used_kernels(const std::string& architecture) {
  static_assert(
      requires { Cache::used(); },
      "tessera: compile_used_kernels needs TESSERA_CUDA_EMULATE before the first header");
  std::vector<cuda::Kernel> kernels;
  for (const auto& [name, kernel] : Cache::used()) kernels.push_back(kernel);
  cuda::for_each_program(kernels, cuda::compiler_threads(),
                         [&](std::size_t k, const cuda::Program& program) {
                           std::string log;
                           cuda::compile(program, architecture, &log);
                           if (log.find_first_not_of(" \n") != log.npos)
                             throw DeviceError(kernels[k].name + ": " + log);
                         });
  return kernels.size();
}

}  // namespace tessera::testing
