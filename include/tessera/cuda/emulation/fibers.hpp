// SPDX-License-Identifier: BSD-3-Clause
// Runs an emulated block: its device threads are fibers of the host's calling thread. A fiber runs
// one device thread behind the other, without a switch, until one has to wait; then another fiber
// goes on. So a kernel without barriers never changes stacks within a block. For ThreadSanitizer
// each device thread of a block has a fiber of its own, and a missing barrier is a data race.
#pragma once
#include <deque>
#include <exception>
#include <utility>
#include <vector>

#include <tessera/cuda/emulation/block.hpp>
#include <tessera/cuda/emulation/fiber.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI::emulation {

class FiberBlock : public BlockState {
 public:
  void run(const Launch& launch) {
    prepare(launch);
    main_.watched.begin_host();
    while (watch_threads && fibers_.size() < count_) spare_.push(new_fiber());
    running_block_ = this;
    gridDim = launch.grid;
    blockDim = launch.block;
    warp_barriers_.resize(warps());
    for (unsigned w = 0; w < warps(); ++w) warp_barriers_[w].expected = lanes(w);
    for (unsigned z = 0; z < launch.grid.z; ++z)
      for (unsigned y = 0; y < launch.grid.y; ++y)
        for (unsigned x = 0; x < launch.grid.x; ++x) run_block({x, y, z});
  }
  void sync_block() { wait(block_barrier_); }
  void sync_warp() { wait(warp_barriers_[this_thread->warp]); }

 private:
  struct Fiber {
    Context context;
    Watched watched;
    Fiber* next = nullptr;
  };
  struct Queue {
    Fiber *first = nullptr, *last = nullptr;
    TESSERA_CUDA_UNWATCHED void push(Fiber* fiber) {
      fiber->next = nullptr;
      (first ? last->next : first) = fiber;
      last = fiber;
    }
    TESSERA_CUDA_UNWATCHED Fiber* pop() {
      Fiber* const fiber = first;
      first = fiber->next;
      return fiber;
    }
    TESSERA_CUDA_UNWATCHED void append(Queue& other) {
      if (!other.first) return;
      (first ? last->next : first) = other.first;
      last = other.last;
      other.first = nullptr;
    }
  };
  struct Barrier {
    unsigned expected = 0, arrived = 0, round = 0;
    Queue waiting;
    Order orders[2];  // in turn: who is ahead gives to the next round, not to those still in this
  };

  void run_block(Dim3 block) {
    blockIdx = block;
    poison();
    started_ = 0;
    next_index_ = {0, 0, 0};
    block_barrier_.expected = count_;
    start_.give();
    switch_to(spare_fiber());
    if (block_barrier_.expected > 0 && !ended_) {  // nobody can go on, but not all have returned
      error_ =
          std::make_exception_ptr(divergence(block, block_barrier_.arrived, [&](unsigned warp) {
            return warp_barriers_[warp].arrived;
          }));
      end();
    }
    while (ready_.first) switch_to(ready_.pop());
    spare_.append(used_);
    end_.take();
    if (ended_) {
      ended_ = false;
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
  }

  TESSERA_CUDA_UNWATCHED void wait(Barrier& barrier) {
    if (ended_) throw Abandoned{};
    Order& order = barrier.orders[barrier.round % 2];
    order.give();
    if (++barrier.arrived == barrier.expected) {
      release(barrier);
    } else {
      barrier.waiting.push(running_);
      const Dim3 index = threadIdx;
      DeviceThread* const thread = this_thread;
      switch_to(next_fiber());
      threadIdx = index;
      this_thread = thread;
      if (ended_) throw Abandoned{};
    }
    order.take();
  }
  TESSERA_CUDA_UNWATCHED void release(Barrier& barrier) {
    barrier.arrived = 0;
    ++barrier.round;
    ready_.append(barrier.waiting);
  }
  /// After an error: no thread is started any more, and those that wait go on to their end.
  TESSERA_CUDA_UNWATCHED void end() {
    ended_ = true;
    started_ = count_;
    release(block_barrier_);
    for (Barrier& barrier : warp_barriers_) release(barrier);
  }

  TESSERA_CUDA_UNWATCHED void run_thread() {
    start_.take();
    threadIdx = next_index_;
    start_thread(started_++);
    if (++next_index_.x == launch_.block.x) {
      next_index_.x = 0;
      if (++next_index_.y == launch_.block.y) {
        next_index_.y = 0;
        ++next_index_.z;
      }
    }
    try {
      launch_.kernel(launch_.arguments);
    } catch (const Abandoned&) {
    } catch (...) {
      if (!error_) error_ = std::current_exception();
      end();
    }
    block_barrier_.orders[block_barrier_.round % 2].give();
    end_.give();
    if (--block_barrier_.expected > 0 && block_barrier_.arrived == block_barrier_.expected)
      release(block_barrier_);  // a thread that has returned counts as arrived
  }
  TESSERA_CUDA_UNWATCHED static void fiber_main() { running_block_->work(); }
  [[noreturn]] TESSERA_CUDA_UNWATCHED void work() {
    running_->watched.arrive_from(came_from_->watched);
    for (;;) {
      do run_thread();
      while (!watch_threads && started_ < count_);
      (watch_threads ? used_ : spare_).push(running_);
      switch_to(next_fiber());
    }
  }

  /// Who goes on where the running fiber does not.
  TESSERA_CUDA_UNWATCHED Fiber* next_fiber() {
    return ready_.first ? ready_.pop() : started_ < count_ ? spare_fiber() : &main_;
  }
  TESSERA_CUDA_UNWATCHED Fiber* spare_fiber() { return spare_.first ? spare_.pop() : new_fiber(); }
  Fiber* new_fiber() {
    const unsigned number = static_cast<unsigned>(fibers_.size());
    const Stack& stack = stacks_.emplace_back();
    Fiber& fiber = fibers_.emplace_back();
    fiber.context.start(stack, number, &fiber_main);
    fiber.watched.begin(stack.bottom(), Stack::bytes);
    return &fiber;
  }
  TESSERA_CUDA_UNWATCHED void switch_to(Fiber* fiber) {
    Fiber* const from = came_from_ = running_;
    running_ = fiber;
    from->watched.leave_for(fiber->watched);
    from->context.switch_to(fiber->context);
    from->watched.arrive_from(came_from_->watched);
  }

  static inline constinit FiberBlock* running_block_ = nullptr;
  unsigned started_ = 0;
  Dim3 next_index_{0, 0, 0};
  Barrier block_barrier_;
  std::vector<Barrier> warp_barriers_;
  Queue ready_, spare_;
  Queue used_;  // for ThreadSanitizer: have run a thread of this block, and run no other of it
  Fiber main_;
  Fiber *running_ = &main_, *came_from_ = &main_;
  Order start_, end_;         // of a block, between its threads and the host
  std::deque<Stack> stacks_;  // kept for later blocks and launches
  std::deque<Fiber> fibers_;
  bool ended_ = false;
  std::exception_ptr error_;
};

}  // namespace tessera::cuda::emulation
