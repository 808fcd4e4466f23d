// SPDX-License-Identifier: BSD-3-Clause
// compile_kernels FOLDER GPU...: compiles every kernel that the emulated tests have listed in
// FOLDER for GPUs such as sm_90. A diagnostic of any kind is a failure. compile_kernels FOLDER
// --write FILE GPU: writes the compiled program, for cuobjdump and the like.
#include <chrono>
#include <cstdio>

#include <tessera/cuda/program.hpp>

#include "kernel_lists.hpp"

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "compile_kernels: expected a folder and GPUs such as sm_90\n");
    return 2;
  }
  const tessera::testing::KernelLists lists(argv[1]);
  if (std::string(argv[2]) == "--write" && argc == 5) {
    std::ofstream out(argv[3], std::ios::binary);
    out << tessera::cuda::compile(tessera::cuda::make_program(lists.kernels), argv[4]).cubin;
    return out.flush() ? 0 : 1;
  }
  bool clean = true;
  for (int i = 2; i < argc; ++i) {
    const auto start = std::chrono::steady_clock::now();
    std::string log;
    const auto compiled =
        tessera::cuda::compile(tessera::cuda::make_program(lists.kernels), argv[i], &log);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%zu kernels compiled for %s in %.1f s, %zu KiB\n%s", lists.kernels.size(), argv[i],
                seconds.count(), compiled.cubin.size() >> 10, log.c_str());
    clean &= log.find_first_not_of(" \n") == log.npos;
  }
  return clean ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "compile_kernels: %s\n", error.what());
  return 1;
}
