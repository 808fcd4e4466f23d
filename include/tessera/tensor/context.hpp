// SPDX-License-Identifier: BSD-3-Clause
// Where and with how many threads kernels run.
#pragma once
#include <cstddef>
#ifdef _OPENMP
#include <omp.h>
#endif

#include <tessera/tensor/device.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI {

template <class Device>
struct Context;

/// CPU execution: the number of threads kernels may use. Results never depend on it.
template <>
struct Context<Cpu> {
  int threads = 1;

  /// What a model runs on unless told otherwise.
  static Context standard() { return all_cores(); }
  /// "cpu, 2 threads"
  std::string describe() const {
    return text({"cpu, ", threads, threads == 1 ? " thread" : " threads"});
  }
  /// What a further thread works with: one thread, as several share the cores.
  Context for_other_thread() const { return {1}; }
  /// Whether it can read what that one made, and where that lies.
  bool shares_memory_with(const Context&) const { return true; }
  static const char* place() { return "the CPU"; }
  /// Where work of the host runs beside that of the device.
  const Context& host() const { return *this; }
  /// As many threads as the program may use cores; one where it is compiled without OpenMP.
  static Context all_cores() {
#ifdef _OPENMP
    return {omp_get_num_procs()};
#else
    return {1};
#endif
  }
};

/// Runs task(i) for every i in [0, count), spread over the context's threads. Tasks must be cut by
/// shape alone, never by the number of threads, and must write disjoint memory: then the result is
/// the same with any number of threads.
template <class Task>
void parallel_for(const Context<Cpu>& context, std::ptrdiff_t count, const Task& task) {
  if (context.threads <= 1 || count <= 1) {
    for (std::ptrdiff_t i = 0; i < count; ++i) task(i);
    return;
  }
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 1) num_threads(context.threads)
#endif
  for (std::ptrdiff_t i = 0; i < count; ++i) task(i);
}

}  // namespace tessera
