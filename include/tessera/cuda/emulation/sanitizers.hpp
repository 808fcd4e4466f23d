// SPDX-License-Identifier: BSD-3-Clause
// What sanitizers are told of fibers. To ThreadSanitizer each is a thread, and only barriers order
// two of them; AddressSanitizer learns whose stack it is on. Without them all of this is empty.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_THREAD__)
#define TESSERA_CUDA_WATCH_THREADS 1
#elif defined(__SANITIZE_ADDRESS__)
#define TESSERA_CUDA_WATCH_STACKS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TESSERA_CUDA_WATCH_THREADS 1
#elif __has_feature(address_sanitizer)
#define TESSERA_CUDA_WATCH_STACKS 1
#endif
#endif

// A function that all fibers run on common variables, as no two of them run at once.
#ifdef TESSERA_CUDA_WATCH_THREADS
#include <sanitizer/tsan_interface.h>
#define TESSERA_CUDA_UNWATCHED __attribute__((no_sanitize("thread")))
#else
#define TESSERA_CUDA_UNWATCHED
#endif
#ifdef TESSERA_CUDA_WATCH_STACKS
#include <sanitizer/common_interface_defs.h>
#endif

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::emulation {

#if defined(TESSERA_CUDA_WATCH_THREADS)

inline constexpr bool watch_threads = true;
inline constexpr std::size_t stack_factor = 4;  // what instrumented frames take

/// A fiber as the sanitizer knows it. Its entry is never given back: fibers live to the end.
class Watched {
 public:
  void begin_host() { fiber_ = __tsan_get_current_fiber(); }
  void begin(const std::byte*, std::size_t) { fiber_ = __tsan_create_fiber(0); }
  TESSERA_CUDA_UNWATCHED void leave_for(Watched& to) {
    __tsan_switch_to_fiber(to.fiber_, __tsan_switch_to_fiber_no_sync);
  }
  TESSERA_CUDA_UNWATCHED void arrive_from(Watched&) {}

 private:
  void* fiber_ = nullptr;
};

/// What a thread did before `give` comes before what another does behind a `take`.
class Order {
 public:
  TESSERA_CUDA_UNWATCHED void give() { __tsan_release(&place_); }
  TESSERA_CUDA_UNWATCHED void take() { __tsan_acquire(&place_); }

 private:
  char place_ = 0;
};

#else

inline constexpr bool watch_threads = false;

#ifdef TESSERA_CUDA_WATCH_STACKS

inline constexpr std::size_t stack_factor = 4;

class Watched {
 public:
  void begin_host() {}  // its stack is told by the first switch
  void begin(const std::byte* bottom, std::size_t bytes) { bottom_ = bottom, bytes_ = bytes; }
  void leave_for(Watched& to) {
    __sanitizer_start_switch_fiber(&fake_stack_, to.bottom_, to.bytes_);
  }
  void arrive_from(Watched& from) {
    __sanitizer_finish_switch_fiber(fake_stack_, &from.bottom_, &from.bytes_);
  }

 private:
  void* fake_stack_ = nullptr;
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
};

#else

inline constexpr std::size_t stack_factor = 1;

struct Watched {
  void begin_host() {}
  void begin(const std::byte*, std::size_t) {}
  void leave_for(Watched&) {}
  void arrive_from(Watched&) {}
};

#endif

struct Order {
  void give() {}
  void take() {}
};

#endif

}  // namespace tessera::cuda::emulation
