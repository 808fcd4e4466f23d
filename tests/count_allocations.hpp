// SPDX-License-Identifier: BSD-3-Clause
// Replaces operator new in one test program, to count allocations: included by one source file.
#pragma once
#include <atomic>
#include <cstdlib>
#include <new>

namespace tessera::testing {

inline std::atomic<long> allocations{0};  // so far, of all threads

}  // namespace tessera::testing

// Not inlined: g++ would see malloc and free behind new and delete, and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++tessera::testing::allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++tessera::testing::allocations;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++tessera::testing::allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
  std::free(p);
}
