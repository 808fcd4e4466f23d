// SPDX-License-Identifier: BSD-3-Clause
// Device code on the CPU, for tests: the words of CUDA C++ that kernel texts use, and emulate(),
// which runs a kernel block by block on the calling thread. No CUDA toolkit is needed.
#pragma once
#include <cstddef>
#include <cstring>
#include <mutex>
#include <tuple>
#include <type_traits>

#include <tessera/cuda/emulation/dim3.hpp>
#include <tessera/cuda/emulation/block.hpp>
#include <tessera/cuda/emulation/fibers.hpp>
#include <tessera/cuda/emulation/math.hpp>

// What a kernel text may rely on, on the GPU (<tessera/cuda/detail/intrinsics.hpp>) and here:
//   words      __global__ __device__ __host__ __forceinline__ __shared__ __restrict__
//              __launch_bounds__(...), TESSERA_CUDA_UNROLL before a loop
//   indices    threadIdx blockIdx blockDim gridDim, each .x .y .z
//   block      __syncthreads(); threads that have returned count as arrived
//              dynamic_shared<T>(): the launch's shared memory, 16-byte aligned, one region
//   warp       __syncwarp(), shuffle(v, lane), shuffle_xor(v, lane_mask), shuffle_down(v, delta):
//              T of up to 8 bytes, called by all lanes; a warp is 32 consecutive threads, x first
//   memory     load_readonly(const T*)
//   math::     for float and double: exp expm1 log log1p sqrt rsqrt tanh erf pow floor abs max min
//              is_nan is_finite; max and min give NaN if either is, and take integers too
//   random     philox4(key, stream, i, out)
//   tensor     mma_bf16 mma_tf32 to_tf32 pack_bf16 bf16_low bf16_high load_matrix_x4 load_matrix_x2
//   cores      load_matrix_x4_transposed load_matrix_x2_transposed
//   copies     copy_async_16 copy_async_4 copy_async_commit copy_async_wait<N>
//   functors   tessera::pointwise::Functions
// 64-bit sizes are long. The intrinsics are those of <tessera/cuda/emulation/intrinsics.hpp>.
//
// __shared__ is `static`: blocks run one after the other, one launch at a time in the process. Its
// memory is not poisoned, dynamic_shared() is. A header of CUDA goes in front of this one.
#undef __global__
#undef __device__
#undef __host__
#undef __forceinline__
#undef __shared__
#undef __launch_bounds__
#define __global__ inline
#define __device__ inline
#define __host__
#define __forceinline__
#define __shared__ static
#define __launch_bounds__(...)
#define TESSERA_CUDA_UNROLL

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

namespace emulation {
inline FiberBlock this_block;  // the one emulated block of the process
inline std::mutex one_launch;
}  // namespace emulation

inline void __syncthreads() { emulation::this_block.sync_block(); }
inline void __syncwarp() { emulation::this_block.sync_warp(); }

template <class T>
inline T* dynamic_shared() {
  static_assert(alignof(T) <= 16);
  return reinterpret_cast<T*>(emulation::this_block.shared());
}

template <class T>
inline T load_readonly(const T* from) {
  return *from;
}

namespace emulation {

/// The values that the lanes of a warp have given to one exchange.
template <class T>
class Lanes {
 public:
  explicit Lanes(const std::byte (*exchanged)[Slots::bytes]) : slots_(exchanged) {}
  T operator[](unsigned lane) const {
    T value;
    std::memcpy(&value, slots_[lane], sizeof value);
    return value;
  }

 private:
  const std::byte (*slots_)[Slots::bytes];
};

/// Gives `value` to the warp and returns what all its lanes gave: a barrier of the warp.
template <class T>
inline Lanes<T> exchange(const T& value) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= Slots::bytes);
  auto& exchanged = this_block.warp_slots().lanes[this_thread->exchanges++ % 2];
  std::memcpy(exchanged[this_thread->lane], &value, sizeof value);
  this_block.sync_warp();
  return Lanes<T>(exchanged);
}

}  // namespace emulation

/// The value of v in lane `lane` % 32; indeterminate (here NaN) where the warp has no such lane.
template <class T>
inline T shuffle(T v, int lane) {
  static_assert(sizeof(T) <= 8);
  return emulation::exchange(v)[static_cast<unsigned>(lane) % emulation::warp_size];
}
/// The value of v in the lane of number (own ^ lane_mask), 0 <= lane_mask < 32.
template <class T>
inline T shuffle_xor(T v, int lane_mask) {
  return shuffle(v, static_cast<int>(emulation::this_thread->lane) ^ lane_mask);
}
/// The value of v `delta` lanes further on, the own v beyond the last lane; 0 <= delta < 32.
template <class T>
inline T shuffle_down(T v, int delta) {
  const int own = static_cast<int>(emulation::this_thread->lane), lane = own + delta;
  return shuffle(v, lane < static_cast<int>(emulation::warp_size) ? lane : own);
}

/// Runs the kernel for every thread of every block, blocks in order with x fastest; `arguments` as
/// a launch would pass them. What a device thread throws comes out here.
/// Errors: ArgumentError for a launch that a GPU would refuse; Error for a barrier or a warp
/// operation that some threads never reach.
template <class... P>
void emulate(void (*kernel)(P...), Dim3 grid, Dim3 block, std::size_t dynamic_shared_bytes,
             std::type_identity_t<P>... arguments) {
  if (block.count() == 0 || block.x > emulation::max_block || block.y > emulation::max_block ||
      block.z > 64 || block.count() > emulation::max_block)
    throw ArgumentError(text({"kernel launch: a block of ", block.x, " x ", block.y, " x ", block.z,
                              " threads; expected 1 to 1024, and z up to 64"}));
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7FFFFFFFu || grid.y > 65535 ||
      grid.z > 65535)
    throw ArgumentError(text({"kernel launch: a grid of ", grid.x, " x ", grid.y, " x ", grid.z,
                              " blocks; expected 1 to 2147483647 x 65535 x 65535"}));
  if (dynamic_shared_bytes > emulation::max_shared_bytes)
    throw ArgumentError(
        text({"kernel launch: ", dynamic_shared_bytes, " bytes of shared memory; expected at most ",
              emulation::max_shared_bytes}));
  struct Call {
    void (*kernel)(P...);
    std::tuple<P...> arguments;
  } call{kernel, {arguments...}};
  const auto run = [](const void* data) {
    const Call& c = *static_cast<const Call*>(data);
    std::apply(c.kernel, c.arguments);
  };
  const std::scoped_lock lock(emulation::one_launch);
  emulation::this_block.run({grid, block, dynamic_shared_bytes, run, &call});
}

}  // namespace tessera::cuda
