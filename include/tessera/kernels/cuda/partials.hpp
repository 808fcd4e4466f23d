// SPDX-License-Identifier: BSD-3-Clause
// Numbers made of very many: each block of a first kernel leaves one double, a second kernel joins
// these. The number of blocks depends on the number of elements alone, so the bits do as well.
#pragma once
#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/cuda/sums.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(partials_text, (&elements_text, &sums_text),
  // The largest over a block of whole warps in a row, NaN if any is; every thread gets it.
  __device__ double block_largest(double v) {
    __shared__ double parts[32];
    for (int mask = 16; mask > 0; mask /= 2) v = math::max(v, shuffle_xor(v, mask));
    __syncthreads();  // the parts of the call before have been read
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = v;
    __syncthreads();
    double largest = parts[0];
    for (unsigned warp = 1; warp < blockDim.x / 32; ++warp)
      largest = math::max(largest, parts[warp]);
    return largest;
  }
  // What all threads of the block have, joined; every thread gets it.
  template <int Largest>
  __device__ double join_block(double v) {
    if constexpr (Largest) return block_largest(v);
    else return block_sum(v);
  }
  // Leaves what a block's threads have found as its part.
  template <int Largest>
  __device__ void leave_partial(double v, double* partial) {
    v = join_block<Largest>(v);
    if (threadIdx.x == 0) partial[blockIdx.x] = v;
  }
  // All parts together, divided by *divisor where there is one, at least 1.
  template <class T, int Largest>
  __global__ void join_partials(const double* partial, int count, const double* divisor,
                                double* to) {
    double v = 0;
    for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x))
      v = Largest ? math::max(v, partial[i]) : v + partial[i];
    v = join_block<Largest>(v);
    if (threadIdx.x == 0) *to = divisor ? v / math::max(1.0, *divisor) : v;
  }
)
// clang-format on

/// Blocks of the first kernel.
constexpr unsigned partial_blocks(long elements) {
  constexpr long least = 2048, most = 1024;  // elements of a block, blocks
  const long blocks = (elements + least - 1) / least;
  return static_cast<unsigned>(blocks < most ? blocks : most);
}
/// Bytes of their parts; what else lies in the scratch memory may start behind them.
constexpr std::size_t partial_bytes(long elements) {
  return partial_blocks(elements) * sizeof(double);
}

/// Launches `kernel` with these arguments and a place for its blocks' parts, then joins the parts:
/// their sum, or the largest of numbers that are not negative. 0 where there are no elements.
template <int Largest = 0, class K, class... A>
DeviceNumber join_parts(const Context<Cuda>& context, std::byte* scratch, long elements,
                        const double* divisor, const K& kernel, A... arguments) {
  constexpr unsigned threads = 256;
  Engine& engine = context.engine();
  double* const partial = reinterpret_cast<double*>(scratch);
  double* const to = engine.number();
  const unsigned blocks = partial_blocks(elements);
  engine.launch(kernel, {blocks, 1, 1}, {threads, 1, 1}, 0, arguments..., partial);
  engine.launch(TESSERA_CUDA_KERNEL(partials_text, join_partials, (float), (Largest)), {},
                {threads, 1, 1}, 0, static_cast<const double*>(partial), static_cast<int>(blocks),
                divisor, to);
  return engine.number_at(to);
}

}  // namespace tessera::cuda
