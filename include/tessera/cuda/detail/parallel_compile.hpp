// SPDX-License-Identifier: BSD-3-Clause
// Many kernels compiled at once, each as a program of its own: so its machine code depends on
// nothing but the kernel, is found in the cache on disk by every network that uses it, and takes a
// core of its own to compile.
#pragma once
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <tessera/cuda/detail/in_threads.hpp>
#include <tessera/cuda/detail/program.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

/// Calls compile_one(i, program of kernels[i]) for each kernel, in at most `threads` threads. The
/// longest texts come first, which tend to take longest: a core that has begun one last would let
/// the others wait. Errors: that of the first kernel in the list for which it throws.
template <class CompileOne>
void for_each_program(std::span<const Kernel> kernels, std::size_t threads,
                      const CompileOne& compile_one) {
  std::vector<Program> programs;
  for (const Kernel& kernel : kernels) programs.push_back(make_program({&kernel, 1}));
  std::vector<std::size_t> order(kernels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return programs[a].source.size() > programs[b].source.size();
  });
  in_threads(order, threads, [&](std::size_t i) { compile_one(i, programs[i]); });
}

/// One for each core, at most 8: with these a network's kernels take less than twice as long as the
/// dearest of them alone.
inline std::size_t compiler_threads() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
}

/// The machine code of each kernel, with its symbol as lowered[0], from the cache or compiled.
/// Errors: DeviceError of the first kernel in the list that cannot be compiled, see compile().
inline std::vector<Compiled> compile_each(const DiskCache& cache, std::span<const Kernel> kernels,
                                          const std::string& architecture,
                                          std::size_t threads = compiler_threads()) {
  std::vector<Compiled> compiled(kernels.size());
  for_each_program(kernels, threads, [&](std::size_t i, const Program& program) {
    compiled[i] = compile_cached(cache, program, architecture);
  });
  return compiled;
}

}  // namespace tessera::cuda
