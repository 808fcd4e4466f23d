// SPDX-License-Identifier: BSD-3-Clause
// A fiber: a stack of its own on the host's thread, and the switch between two of them. Ten
// instructions on x86-64; ucontext elsewhere, whose switch makes two system calls.
#pragma once
#include <sys/mman.h>
#if !defined(__x86_64__) || defined(TESSERA_CUDA_EMULATE_BY_UCONTEXT)
#include <ucontext.h>
#endif

#include <cstddef>
#include <cstdint>
#include <new>

#include <tessera/cuda/emulation/sanitizers.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::emulation {

/// A stack of 64 KiB, with sanitizers 256, above a page that nobody may touch: overflow ends the
/// program.
class Stack {
 public:
  static constexpr std::size_t guard = 4096, bytes = stack_factor * 64 * 1024;
  Stack() {
    void* const memory = mmap(nullptr, guard + bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory, guard, PROT_NONE);
    bottom_ = static_cast<std::byte*>(memory) + guard;
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  ~Stack() { munmap(bottom_ - guard, guard + bytes); }
  std::byte* bottom() const { return bottom_; }

 private:
  std::byte* bottom_;
};

#if defined(__x86_64__) && !defined(TESSERA_CUDA_EMULATE_BY_UCONTEXT)

/// Saves the registers that a call preserves, keeps the stack pointer in *from and goes on where
/// `to` was left. noipa: g++ must not conclude from this body which other registers survive.
#ifdef __clang__
[[gnu::naked, gnu::noinline]]
#else
[[gnu::naked, gnu::noipa]]
#endif
inline void
switch_stack(void**, void*) {
  asm("push %rbp\n\tpush %rbx\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
      "mov %rsp, (%rdi)\n\tmov %rsi, %rsp\n\t"
      "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbx\n\tpop %rbp\n\tret");
}

class Context {
 public:
  /// Starts at `entry`, which never returns. `number` moves the stacks' tops apart: at equal
  /// distances all of them would share a few lines of the cache.
  void start(const Stack& stack, unsigned number, void (*entry)()) {
    std::byte* const top = stack.bottom() + Stack::bytes - number % 61 * 64;
    void** frame = reinterpret_cast<void**>(top) - 8;  // six registers, entry, no return address
    for (int i = 0; i < 8; ++i) frame[i] = nullptr;
    frame[6] = reinterpret_cast<void*>(entry);
    stack_pointer_ = frame;
  }
  TESSERA_CUDA_UNWATCHED void switch_to(const Context& to) {
    switch_stack(&stack_pointer_, to.stack_pointer_);
  }

 private:
  void* stack_pointer_ = nullptr;
};

#else

class Context {
 public:
  void start(const Stack& stack, unsigned, void (*entry)()) {
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack.bottom();
    context_.uc_stack.ss_size = Stack::bytes;
    makecontext(&context_, entry, 0);
  }
  TESSERA_CUDA_UNWATCHED void switch_to(const Context& to) { swapcontext(&context_, &to.context_); }

 private:
  ucontext_t context_{};
};

#endif

}  // namespace tessera::cuda::emulation
