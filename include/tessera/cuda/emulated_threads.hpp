// SPDX-License-Identifier: BSD-3-Clause
// The executor of an emulated block under ThreadSanitizer and AddressSanitizer: one host thread for
// every device thread, so that a missing __syncthreads() is a data race like any other. Each
// barrier has its own lock and the counts beside them are relaxed: nothing else may order two
// threads.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/cuda/emulated_block.hpp>

namespace tessera::cuda::emulation {

class ThreadBlock : public BlockState {
 public:
  void run(const Launch& launch) {
    prepare(launch);
    while (warp_barriers_.size() < warps()) warp_barriers_.emplace_back();
    for (unsigned w = 0; w < warps(); ++w) warp_barriers_[w].expected = lanes(w);
    ended_.store(false, std::memory_order_relaxed);
    finished_ = 0;
    reset();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count_; ++i) threads.emplace_back([this, i] { device_thread(i); });
    for (std::thread& thread : threads) thread.join();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }
  void sync_block() { wait(block_barrier_); }
  void sync_warp() { wait(warp_barriers_[this_thread->warp]); }

 private:
  struct Barrier {
    std::mutex mutex;
    std::condition_variable released;
    unsigned expected = 0, arrived = 0, round = 0;
  };

  /// Before each block, while none of its threads runs.
  void reset() {
    poison();
    block_barrier_.expected = count_;
    running_.store(count_, std::memory_order_relaxed);
  }

  void device_thread(unsigned number) {
    const Dim3 grid = launch_.grid, block = launch_.block;
    gridDim = grid;
    blockDim = block;
    threadIdx = {number % block.x, number / block.x % block.y, number / (block.x * block.y)};
    for (unsigned z = 0; z < grid.z; ++z)
      for (unsigned y = 0; y < grid.y; ++y)
        for (unsigned x = 0; x < grid.x; ++x) {
          blockIdx = {x, y, z};
          start_thread(number);
          try {
            launch_.kernel(launch_.arguments);
          } catch (const Abandoned&) {
          } catch (...) {
            end(std::current_exception());
          }
          leave();
          if (!finish_block()) return;
        }
  }

  void wait(Barrier& barrier) {
    std::unique_lock lock(barrier.mutex);
    if (ended()) throw Abandoned{};
    if (++barrier.arrived == barrier.expected) {
      running_.fetch_add(barrier.arrived - 1, std::memory_order_relaxed);
      return release(barrier);
    }
    if (running_.fetch_sub(1, std::memory_order_relaxed) == 1) {
      lock.unlock();
      report_divergence();
      throw Abandoned{};
    }
    barrier.released.wait(lock,
                          [&, round = barrier.round] { return barrier.round != round || ended(); });
    if (ended()) throw Abandoned{};
  }
  static void release(Barrier& barrier) {
    barrier.arrived = 0;
    ++barrier.round;
    barrier.released.notify_all();
  }
  /// A thread that has returned counts as arrived at __syncthreads().
  void leave() {
    std::unique_lock lock(block_barrier_.mutex);
    const unsigned remaining = --block_barrier_.expected;
    if (ended()) return;
    if (remaining > 0 && block_barrier_.arrived == remaining) {
      running_.fetch_add(remaining, std::memory_order_relaxed);
      release(block_barrier_);
    }
    const bool last = running_.fetch_sub(1, std::memory_order_relaxed) == 1;
    lock.unlock();
    if (last && remaining > 0) report_divergence();
  }
  /// Waits for all threads of the block; the last one prepares the next block. Returns whether
  /// there is to be one: the same answer for all threads, whatever those ahead meet in it.
  bool finish_block() {
    std::unique_lock lock(finish_mutex_);
    if (++finished_ == count_) {
      finished_ = 0;
      ++round_;
      go_on_ = !ended();
      reset();
      all_finished_.notify_all();
    } else {
      all_finished_.wait(lock, [&, round = round_] { return round_ != round; });
    }
    return go_on_;
  }

  bool ended() const { return ended_.load(std::memory_order_relaxed); }
  /// Called by the last thread that ran: the others wait or have returned.
  void report_divergence() {
    const auto waiting = [](Barrier& barrier) {
      const std::scoped_lock lock(barrier.mutex);
      return barrier.arrived;
    };
    end(std::make_exception_ptr(divergence(blockIdx, waiting(block_barrier_), [&](unsigned warp) {
      return waiting(warp_barriers_[warp]);
    })));
  }
  void end(std::exception_ptr error) {
    {
      const std::scoped_lock lock(finish_mutex_);
      if (!error_) error_ = error;
    }
    ended_.store(true, std::memory_order_relaxed);
    const auto wake = [](Barrier& barrier) {
      const std::scoped_lock lock(barrier.mutex);
      barrier.arrived = 0;
      barrier.released.notify_all();
    };
    wake(block_barrier_);
    for (Barrier& barrier : warp_barriers_) wake(barrier);
  }

  Barrier block_barrier_;
  std::deque<Barrier> warp_barriers_;
  std::atomic<unsigned> running_{0};
  std::atomic<bool> ended_{false};
  std::mutex finish_mutex_;
  std::condition_variable all_finished_;
  unsigned finished_ = 0, round_ = 0;
  bool go_on_ = true;
  std::exception_ptr error_;
};

}  // namespace tessera::cuda::emulation
