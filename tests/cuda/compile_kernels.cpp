// SPDX-License-Identifier: BSD-3-Clause
// compile_kernels FOLDER GPU...: compiles every kernel that the emulated tests have listed in
// FOLDER for GPUs such as sm_90, each by itself as a GPU's user does. A diagnostic of any kind is a
// failure. compile_kernels FOLDER --write FILE GPU: writes them as one program, for cuobjdump and
// the like.
#include <chrono>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include <tessera/cuda/detail/parallel_compile.hpp>

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
  namespace cuda = tessera::cuda;
  bool clean = true;
  for (int i = 2; i < argc; ++i) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::string> logs(lists.kernels.size());
    std::vector<std::size_t> bytes(lists.kernels.size());
    cuda::for_each_program(lists.kernels, cuda::compiler_threads(),
                           [&](std::size_t k, const cuda::Program& program) {
                             bytes[k] = cuda::compile(program, argv[i], &logs[k]).cubin.size();
                           });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%zu kernels compiled for %s in %.1f s, %zu KiB\n", lists.kernels.size(), argv[i],
                seconds.count(), std::reduce(bytes.begin(), bytes.end()) >> 10);
    for (std::size_t k = 0; k < logs.size(); ++k)
      if (logs[k].find_first_not_of(" \n") != logs[k].npos) {
        std::printf("%s:\n%s\n", lists.kernels[k].name.c_str(), logs[k].c_str());
        clean = false;
      }
  }
  return clean ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "compile_kernels: %s\n", error.what());
  return 1;
}
