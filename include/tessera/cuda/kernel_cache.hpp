// SPDX-License-Identifier: BSD-3-Clause
// The compiled kernels of one GPU, by name: compiled together where they are known beforehand, one
// by one where they are not.
#pragma once
#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include <tessera/cuda/runtime.hpp>
#ifndef TESSERA_CUDA_EMULATE
#include <tessera/cuda/detail/parallel_compile.hpp>
#else
#include <tessera/cuda/kernel.hpp>
#endif

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

#ifndef TESSERA_CUDA_EMULATE

/// Compiles, loads and finds kernels.
class KernelCache {
 public:
  explicit KernelCache(std::string architecture)
      : architecture_(std::move(architecture)), disk_(DiskCache::standard_directory()) {}

  /// Compiles what is not there yet, in several threads. Errors: DeviceError of the first kernel
  /// that cannot be compiled or loaded.
  void make(const std::vector<Kernel>& kernels) {
    std::vector<Kernel> missing;
    for (const Kernel& kernel : kernels)
      if (!functions_.contains(kernel.name) &&
          std::none_of(missing.begin(), missing.end(),
                       [&](const Kernel& m) { return m.name == kernel.name; }))
        missing.push_back(kernel);
    if (missing.empty()) return;
    const std::vector<Compiled> compiled = compile_each(disk_, missing, architecture_);
    for (std::size_t i = 0; i < missing.size(); ++i) {
      modules_.emplace_back(compiled[i].cubin);
      functions_[missing[i].name] = {modules_.back().function(compiled[i].lowered[0]), 48 << 10};
    }
  }

  /// A kernel that may use this much dynamic shared memory.
  runtime::Function find(const Kernel& kernel, std::size_t shared_bytes) {
    auto at = functions_.find(kernel.name);
    if (at == functions_.end()) {
      make({kernel});
      at = functions_.find(kernel.name);
    }
    if (shared_bytes > at->second.shared_bytes) {
      runtime::allow_shared_memory(at->second.function, shared_bytes, kernel.name);
      at->second.shared_bytes = shared_bytes;
    }
    return at->second.function;
  }

  std::size_t size() const { return functions_.size(); }

 private:
  struct Loaded {
    runtime::Function function{};
    std::size_t shared_bytes = 0;
  };
  std::string architecture_;
  DiskCache disk_;
  std::vector<runtime::Module> modules_;
  std::unordered_map<std::string, Loaded> functions_;
};

#else

/// Emulated kernels are code of the program already; tests read which there were.
class KernelCache {
 public:
  explicit KernelCache(const std::string&) {}
  static std::unordered_map<std::string, Kernel>& used() {
    static std::unordered_map<std::string, Kernel> kernels;
    return kernels;
  }
  void make(const std::vector<Kernel>& kernels) {
    for (const Kernel& kernel : kernels) find(kernel, 0);
  }
  void find(const Kernel& kernel, std::size_t) {
    if (made_.try_emplace(kernel.name, true).second) used().try_emplace(kernel.name, kernel);
  }
  std::size_t size() const { return made_.size(); }

 private:
  std::unordered_map<std::string, bool> made_;
};

#endif

}  // namespace tessera::cuda
