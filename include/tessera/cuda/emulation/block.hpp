// SPDX-License-Identifier: BSD-3-Clause
// What an emulated block has besides its barriers: the indices, a device thread's own state, the
// slots through which the lanes of a warp exchange values, and shared memory.
#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <tessera/cuda/emulation/dim3.hpp>
#include <tessera/cuda/emulation/sanitizers.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// Those of the device thread that runs: fibers save and restore them at each switch.
inline constinit Dim3 threadIdx{0, 0, 0};
inline constinit Dim3 blockIdx{0, 0, 0};
inline constinit Dim3 blockDim{};
inline constinit Dim3 gridDim{};

namespace emulation {

inline constexpr unsigned warp_size = 32, max_block = 1024;
inline constexpr std::size_t max_shared_bytes = 227 * 1024;  // of any GPU up to sm_100

/// What lanes of a warp give each other. Two sets of slots in turn: a lane writes a set again only
/// behind the barrier of the exchange between, so behind all reads of the first.
struct Slots {
  static constexpr std::size_t bytes = 32;
  alignas(16) std::byte lanes[2][warp_size][bytes];
};

/// A copy_async that has not arrived yet.
struct PendingCopy {
  std::byte* to;
  const std::byte* from;  // null: zeros
  std::size_t bytes;
};

struct DeviceThread {
  unsigned warp = 0, lane = 0, exchanges = 0;
  std::vector<PendingCopy> copies;
  std::vector<std::size_t> groups;  // number of copies up to the end of each committed group
};
inline constinit DeviceThread* this_thread = nullptr;

/// A launch: `kernel` called with `arguments` by every thread of every block.
struct Launch {
  Dim3 grid, block;
  std::size_t shared_bytes;
  void (*kernel)(const void* arguments);
  const void* arguments;
};

/// Thrown through the device threads of a block that another thread's error has ended.
struct Abandoned {};

/// The state of a block besides its barriers.
class BlockState {
 public:
  std::byte* shared() const { return shared_.get(); }
  Slots& warp_slots() { return slots_[this_thread->warp]; }

 protected:
  void prepare(const Launch& launch) {
    launch_ = launch;
    count_ = static_cast<unsigned>(launch.block.count());
    threads_.resize(count_);
    for (unsigned i = 0; i < count_; ++i) {
      threads_[i].warp = i / warp_size;
      threads_[i].lane = i % warp_size;
    }
    slots_.resize(warps());
    std::memset(&slots_.back(), 0xFF, sizeof(Slots));  // lanes that do not exist give NaN
    if (!shared_ || shared_bytes_ != launch.shared_bytes) {
      shared_bytes_ = launch.shared_bytes;
      shared_ = std::make_unique<std::byte[]>(shared_bytes_);
    }
  }
  /// Before each block: what it reads of its shared memory without having written it is NaN.
  void poison() { std::memset(shared_.get(), 0xFF, shared_bytes_); }

  unsigned warps() const { return (count_ + warp_size - 1) / warp_size; }
  unsigned lanes(unsigned warp) const {
    return count_ - warp * warp_size < warp_size ? count_ - warp * warp_size : warp_size;
  }
  TESSERA_CUDA_UNWATCHED void start_thread(unsigned thread) {
    this_thread = &threads_[thread];
    this_thread->exchanges = 0;
    this_thread->copies.clear();
    this_thread->groups.clear();
  }
  /// The sentence for a block whose threads all wait or have returned. waiting(warp): lanes that
  /// wait in an operation of that warp.
  template <class Waiting>
  Error divergence(Dim3 block, unsigned at_barrier, const Waiting& waiting) const {
    std::string message =
        text({"emulated kernel, block (", block.x, ", ", block.y, ", ", block.z, "): "});
    if (at_barrier)
      message += text({"__syncthreads() not reached by all threads of the block: ", at_barrier,
                       " of ", count_, " wait there; "});
    for (unsigned warp = 0; warp < warps(); ++warp)
      if (const unsigned n = waiting(warp))
        message += text({"a warp operation not reached by all lanes of the warp: ", n, " of ",
                         lanes(warp), " lanes of warp ", warp, " wait there; "});
    return Error(message + "the others wait elsewhere or have returned");
  }

  Launch launch_{};
  unsigned count_ = 0;
  std::vector<DeviceThread> threads_;
  std::vector<Slots> slots_;

 private:
  std::unique_ptr<std::byte[]> shared_;
  std::size_t shared_bytes_ = 0;
};

}  // namespace emulation
}  // namespace tessera::cuda
