// SPDX-License-Identifier: BSD-3-Clause
// The ordinary executor of an emulated block: its device threads are fibers of the host's calling
// thread. A fiber runs one device thread behind the other, without a switch, until one has to wait;
// then another fiber goes on. So a kernel without barriers never changes stacks within a block.
#pragma once
#include <deque>
#include <exception>
#include <utility>
#include <vector>

#include <tessera/cuda/emulated_block.hpp>
#include <tessera/cuda/emulated_fiber.hpp>

namespace tessera::cuda::emulation {

class FiberBlock : public BlockState {
 public:
  void run(const Launch& launch) {
    prepare(launch);
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
    Fiber* next = nullptr;
  };
  struct Queue {
    Fiber *first = nullptr, *last = nullptr;
    void push(Fiber* fiber) {
      fiber->next = nullptr;
      (first ? last->next : first) = fiber;
      last = fiber;
    }
    Fiber* pop() {
      Fiber* const fiber = first;
      first = fiber->next;
      return fiber;
    }
    void append(Queue& other) {
      if (!other.first) return;
      (first ? last->next : first) = other.first;
      last = other.last;
      other.first = nullptr;
    }
  };
  struct Barrier {
    unsigned expected = 0, arrived = 0;
    Queue waiting;
  };

  void run_block(Dim3 block) {
    blockIdx = block;
    poison();
    started_ = 0;
    next_index_ = {0, 0, 0};
    block_barrier_.expected = count_;
    switch_to(spare_fiber());
    if (block_barrier_.expected > 0 && !ended_) {  // nobody can go on, but not all have returned
      error_ =
          std::make_exception_ptr(divergence(block, block_barrier_.arrived, [&](unsigned warp) {
            return warp_barriers_[warp].arrived;
          }));
      end();
    }
    while (ready_.first) switch_to(ready_.pop());
    if (ended_) {
      ended_ = false;
      std::rethrow_exception(std::exchange(error_, nullptr));
    }
  }

  void wait(Barrier& barrier) {
    if (ended_) throw Abandoned{};
    if (++barrier.arrived == barrier.expected) return release(barrier);
    barrier.waiting.push(running_);
    const Dim3 index = threadIdx;
    DeviceThread* const thread = this_thread;
    if (ready_.first) switch_to(ready_.pop());
    else if (started_ < count_) switch_to(spare_fiber());
    else switch_to(&main_);
    threadIdx = index;
    this_thread = thread;
    if (ended_) throw Abandoned{};
  }
  void release(Barrier& barrier) {
    barrier.arrived = 0;
    ready_.append(barrier.waiting);
  }
  /// After an error: no thread is started any more, and those that wait go on to their end.
  void end() {
    ended_ = true;
    started_ = count_;
    release(block_barrier_);
    for (Barrier& barrier : warp_barriers_) release(barrier);
  }

  void run_thread() {
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
    if (--block_barrier_.expected > 0 && block_barrier_.arrived == block_barrier_.expected)
      release(block_barrier_);  // a thread that has returned counts as arrived
  }
  static void fiber_main() { running_block_->work(); }
  [[noreturn]] void work() {
    for (;;) {
      while (started_ < count_) run_thread();
      spare_.push(running_);
      switch_to(ready_.first ? ready_.pop() : &main_);
    }
  }

  Fiber* spare_fiber() {
    if (spare_.first) return spare_.pop();
    const unsigned number = static_cast<unsigned>(fibers_.size());
    fibers_.emplace_back().context.start(stacks_.emplace_back(), number, &fiber_main);
    return &fibers_.back();
  }
  void switch_to(Fiber* fiber) {
    Fiber* const from = running_;
    running_ = fiber;
    from->context.switch_to(fiber->context);
  }

  static inline constinit FiberBlock* running_block_ = nullptr;
  unsigned started_ = 0;
  Dim3 next_index_{0, 0, 0};
  Barrier block_barrier_;
  std::vector<Barrier> warp_barriers_;
  Queue ready_, spare_;
  Fiber main_;
  Fiber* running_ = &main_;
  std::deque<Stack> stacks_;  // kept for later blocks and launches
  std::deque<Fiber> fibers_;
  bool ended_ = false;
  std::exception_ptr error_;
};

}  // namespace tessera::cuda::emulation
