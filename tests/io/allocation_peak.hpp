// SPDX-License-Identifier: BSD-3-Clause
// Replaces operator new in one test program, to know how much memory a call takes at most: hostile
// files must not make a reader take more than a few times their own size.
#pragma once
#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace tessera::testing {

inline std::size_t live_bytes = 0, peak_bytes = 0;  // tests that use them have one thread

inline void* counted(void* p) {
  if (!p) throw std::bad_alloc();
  live_bytes += ::malloc_usable_size(p);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return p;
}
inline void uncounted(void* p) {
  live_bytes -= ::malloc_usable_size(p);
  std::free(p);
}

/// Bytes that `call` had in use at most, beyond those before it.
std::size_t peak_of(auto&& call) {
  const std::size_t before = peak_bytes = live_bytes;
  call();
  return peak_bytes - before;
}

}  // namespace tessera::testing

// Not inlined: g++ would see malloc and free behind new and delete, and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return tessera::testing::counted(std::malloc(std::max<std::size_t>(size, 1)));
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return ::operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto a = static_cast<std::size_t>(alignment);
  return tessera::testing::counted(std::aligned_alloc(a, (size + a - 1) / a * a));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { tessera::testing::uncounted(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  tessera::testing::uncounted(p);
}
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept {
  tessera::testing::uncounted(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  tessera::testing::uncounted(p);
}
