// SPDX-License-Identifier: BSD-3-Clause
// A GPU played by the host, for tests: the functions of <tessera/cuda/detail/driver_runtime.hpp>.
// Kernels run in <tessera/cuda/emulation/emulation.hpp>. "Device" memory is closed to the host except
// while a kernel or a copy runs, so that host code which reads it stops here as it would with a GPU;
// graphs keep what was put into them and repeat it.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <tessera/cuda/emulation/dim3.hpp>
#include <tessera/cuda/emulation/emulation.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::runtime {

struct Device {
  int number = 0;
  std::string name, architecture;
};

/// Tests of the sentence for a missing GPU set this.
inline bool no_device = false;
/// Tests of programs with several GPUs set this; they share one memory.
inline int devices = 1;

inline int device_count(std::string* why_not = nullptr) {
  if (no_device && why_not) *why_not = "no NVIDIA driver was found";
  return no_device ? 0 : devices;
}
inline void activate(int) {}
inline Device open(int number) {
  std::string why_not;
  if (device_count(&why_not) == 0)
    throw DeviceError("no GPU can be used: " + why_not +
                      "; use the CPU instead (Cpu, --device cpu)");
  if (number < 0 || number >= devices)
    throw DeviceError(text({"there is no GPU ", number, ": expected 0 to ", devices - 1}));
  return {number, "emulated GPU", "sm_90"};
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TESSERA_CUDA_PLAIN_MEMORY 1  // the sanitizers watch what malloc gives
#endif

/// The emulated device's memory: one region of addresses, opened while its work runs.
class Memory {
 public:
  static Memory& instance() {
    static Memory memory;
    return memory;
  }
#ifdef TESSERA_CUDA_PLAIN_MEMORY
  void* allocate(std::size_t bytes) {
    void* const memory = std::malloc(bytes);
    std::memset(memory, 0xFF, bytes);  // what nothing wrote is NaN
    return memory;
  }
  void release(void* memory) { std::free(memory); }
  void open() {}
  void close() {}
#else
  void* allocate(std::size_t bytes) {
    const std::size_t size = (bytes + page - 1) / page * page;
    std::byte* memory;
    if (const auto free = free_.lower_bound(size); free != free_.end()) {
      memory = free->second;
      sizes_[memory] = free->first;
      free_.erase(free);
    } else {
      if (used_ + size > region) throw DeviceError("the emulated GPU's memory does not suffice");
      memory = begin_ + used_;
      used_ += size;
      sizes_[memory] = size;
    }
    open();
    std::memset(memory, 0xFF, sizes_[memory]);
    close();
    return memory;
  }
  void release(void* memory) {
    if (!memory) return;
    const auto at = sizes_.find(static_cast<std::byte*>(memory));
    free_.emplace(at->second, at->first);
    sizes_.erase(at);
  }
  void open() {
    if (used_ && opened_++ == 0) mprotect(begin_, used_, PROT_READ | PROT_WRITE);
  }
  void close() {
    if (used_ && --opened_ == 0) mprotect(begin_, used_, PROT_NONE);
  }

 private:
  static constexpr std::size_t page = 4096, region = std::size_t{16} << 30;
  Memory()
      : begin_(static_cast<std::byte*>(mmap(nullptr, region, PROT_NONE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {}
  std::byte* begin_;
  std::size_t used_ = 0;
  int opened_ = 0;
  std::map<std::byte*, std::size_t> sizes_;
  std::multimap<std::size_t, std::byte*> free_;
#endif
};

/// Work in order; while a graph records, it is kept instead of run.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  void put(std::function<void()> work) const {
    if (recorded_) recorded_->push_back(std::move(work));
    else run(work);
  }
  static void run(const std::function<void()>& work) {
    struct Open {
      Open() { Memory::instance().open(); }
      ~Open() { Memory::instance().close(); }
    } open;
    work();
  }
  bool recording() const { return recorded_ != nullptr; }
  void* handle() const { return const_cast<Stream*>(this); }

 private:
  friend class Graph;
  mutable std::vector<std::function<void()>>* recorded_ = nullptr;
};

/// Number of allocations so far: a captured or repeated step makes none.
inline std::size_t allocations = 0;

inline void* allocate(std::size_t bytes) {
  ++allocations;
  return Memory::instance().allocate(bytes);
}
inline void release(void* memory) { Memory::instance().release(memory); }
inline void* allocate_pinned(std::size_t bytes) { return std::calloc(1, bytes); }
inline void release_pinned(void* memory) { std::free(memory); }

inline void synchronize(const Stream& stream) {
  if (stream.recording()) throw DeviceError("CUDA: synchronising while a graph is recorded");
}
inline void copy(void* to, const void* from, std::size_t bytes, const Stream& stream) {
  stream.put([=] { std::memcpy(to, from, bytes); });
}
inline void fill(void* memory, int byte, std::size_t bytes, const Stream& stream) {
  stream.put([=] { std::memset(memory, byte, bytes); });
}

class Event {
 public:
  void record(const Stream&) {}
  void wait() {}
  void wait_quietly() noexcept {}
};
inline void wait(const Stream&, const Event&) {}

class Graph {
 public:
  template <class Work>
  Graph(const Stream& stream, const Work& work) {
    struct Recording {
      const Stream& stream;
      Recording(const Stream& s, std::vector<std::function<void()>>& to) : stream(s) {
        if (s.recorded_) throw DeviceError("CUDA: a graph is recorded already");
        s.recorded_ = &to;
      }
      ~Recording() { stream.recorded_ = nullptr; }
    } recording(stream, work_);
    const std::size_t before = allocations;
    work();
    if (allocations != before) throw DeviceError("CUDA: allocating while a graph is recorded");
  }
  void launch(const Stream& stream) {
    for (const auto& work : work_) stream.put(work);
  }
  std::size_t size() const { return work_.size(); }

 private:
  std::vector<std::function<void()>> work_;
};

/// What tests let measurements give, in turn; 0 where nothing is left.
struct Measurements {
  std::deque<double> next;
  int made = 0;
};
inline Measurements measurements;

inline double seconds_of(Graph& graph, const Stream& stream) {
  graph.launch(stream);
  ++measurements.made;
  if (measurements.next.empty()) return 0;
  const double seconds = measurements.next.front();
  measurements.next.pop_front();
  return seconds;
}

}  // namespace tessera::cuda::runtime
