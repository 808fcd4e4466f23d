// SPDX-License-Identifier: BSD-3-Clause
// The main function of the tests of CUDA kernels. Where the GPU is emulated, the kernels that the
// tests ran are listed in a file, for compile_kernels; where it is a real one that is missing, the
// test is skipped and says why.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cctype>
#include <cstdio>
#include <string>

#include <tessera/cuda/context.hpp>
#ifdef TESSERA_CUDA_EMULATE
#include "kernel_lists.hpp"
#endif

int main(int argc, char** argv) {
#ifndef TESSERA_CUDA_EMULATE
  std::string why_not;
  if (tessera::cuda::runtime::device_count(&why_not) == 0) {
    std::printf("SKIPPED: %s\n", why_not.c_str());
    return 0;
  }
#endif
  doctest::Context context(argc, argv);
  const int status = context.run();
#ifdef TESSERA_CUDA_EMULATE
  std::string list = "kernels";  // of this run: named after what was to be run
  for (int i = 1; i < argc; ++i)
    for (const char* c = argv[i]; *c; ++c) list += std::isalnum(*c) ? *c : '_';
  tessera::testing::write_kernels(list, tessera::cuda::KernelCache::used());
#endif
  return status;
}
