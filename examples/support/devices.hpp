// SPDX-License-Identifier: BSD-3-Clause
// The device that a user asks for on the command line. Programs built where the CUDA toolkit was
// found (TESSERA_PROGRAM_CUDA) hold their work for both devices.
#pragma once
#include <cstdio>
#include <string>
#include <vector>

#include <tessera/cuda/convolutions.hpp>
#include <tessera/cuda/precision.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/error.hpp>
#ifdef TESSERA_PROGRAM_CUDA
#include <tessera/cuda.hpp>
#endif

/// Options that every program has. `products` says in which precision a GPU multiplies,
/// `convolutions` who computes those.
struct DeviceOptions {
  std::string device = "cpu", products = "float32", convolutions = "fastest";
  int threads = 0;     // of the CPU; 0: one for each core
  bool quiet = false;  // what `auto` chose is not said

  tessera::Context<tessera::Cpu> cpu() const {
    return threads > 0 ? tessera::Context<tessera::Cpu>{threads}
                       : tessera::Context<tessera::Cpu>::all_cores();
  }
};

inline constexpr const char* device_texts[] = {
    "cpu, cuda, or auto: a GPU where there is one",
    "of a GPU, in float32, tf32 (10 bits) or bf16 (7 bits); sums are float32",
    "of a GPU, by cuDNN or Tessera's own kernels; fastest: by whichever measures faster"};
inline const std::vector<std::string> product_names(tessera::cuda::precision_names.begin(),
                                                    tessera::cuda::precision_names.end());
inline const std::vector<std::string> convolution_names(tessera::cuda::convolutions_names.begin(),
                                                        tessera::cuda::convolutions_names.end());

#ifdef TESSERA_PROGRAM_CUDA
inline tessera::Context<tessera::Cuda> gpu(const DeviceOptions& options) {
  return tessera::Context<tessera::Cuda>(0, tessera::cuda::precision_of(options.products),
                                         tessera::cuda::convolutions_of(options.convolutions));
}
#endif

/// Calls work(context) with the context of the device asked for; `auto` chooses, and says what.
/// Errors: DeviceError where there is no GPU, or the program was built without CUDA
template <class Work>
void on_device(const DeviceOptions& options, const Work& work) {
#ifdef TESSERA_PROGRAM_CUDA
  std::string why_not;
  if (options.device == "cuda" ||
      (options.device == "auto" && tessera::cuda::runtime::device_count(&why_not) > 0)) {
    const auto context = gpu(options);
    if (options.device == "auto" && !options.quiet)
      std::printf("device: %s\n", context.describe().c_str());
    return work(context);
  }
#else
  const std::string why_not = "this program was built without the CUDA toolkit";
  if (options.device == "cuda")
    throw tessera::DeviceError("no GPU can be used: " + why_not +
                               "; use the CPU instead (--device cpu), or build it where the "
                               "toolkit is found (CUDA_HOME)");
#endif
  if (options.device == "auto" && !options.quiet)
    std::printf("device: %s (no GPU: %s)\n", options.cpu().describe().c_str(), why_not.c_str());
  work(options.cpu());
}
