// SPDX-License-Identifier: BSD-3-Clause
// Where and with how many threads kernels run.
#pragma once
#include <cstddef>
#include <thread>
#ifdef __linux__
#include <sched.h>
#endif

#ifndef TESSERA_KERNEL_UNIT
#include <tessera/tensor/detail/thread_pool.hpp>
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
  /// As many threads as the program may use cores.
  static Context all_cores() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return {CPU_COUNT(&set)};
#endif
    const unsigned cores = std::thread::hardware_concurrency();
    return {cores > 0 ? static_cast<int>(cores) : 1};
  }
};

#ifdef TESSERA_KERNEL_UNIT
// Kernels of the compiled library share the threads of the rest of it.
extern "C" void tessera_parallel_for(int threads, std::ptrdiff_t count,
                                     void (*task)(const void*, std::ptrdiff_t), const void* data);

template <class Task>
void parallel_for(const Context<Cpu>& context, std::ptrdiff_t count, const Task& task) {
  if (context.threads <= 1 || count <= 1) {
    for (std::ptrdiff_t i = 0; i < count; ++i) task(i);
    return;
  }
  tessera_parallel_for(
      context.threads, count,
      [](const void* t, std::ptrdiff_t i) { (*static_cast<const Task*>(t))(i); }, &task);
}
#else
/// Runs task(i) for every i in [0, count), spread over the context's threads. Tasks must be cut by
/// shape alone, never by the number of threads, and must write disjoint memory: then the result is
/// the same with any number of threads. A loop within a task is not spread. Where tasks throw, the
/// exception of the lowest i is thrown, on any number of threads; of the tasks behind it some may
/// have been run.
template <class Task>
void parallel_for(const Context<Cpu>& context, std::ptrdiff_t count, const Task& task) {
  if (context.threads <= 1 || count <= 1 || threads::inside_task) {
    for (std::ptrdiff_t i = 0; i < count; ++i) task(i);
    return;
  }
  threads::ThreadPool::instance().run(
      context.threads, count,
      [](const void* t, std::ptrdiff_t i) { (*static_cast<const Task*>(t))(i); }, &task);
}
#endif

}  // namespace tessera::inline TESSERA_ABI
