// SPDX-License-Identifier: BSD-3-Clause
// Sums over the threads of a warp and of a block, in an order that is always the same.
#pragma once
#include <tessera/cuda/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(sums_text, (),
  // The sum over the lanes of a whole warp; every lane gets it.
  template <class V>
  __device__ V warp_sum(V v) {
    for (int mask = 16; mask > 0; mask /= 2) v += shuffle_xor(v, mask);
    return v;
  }
  // The sum over a block of whole warps in a row; every thread gets it.
  template <class V>
  __device__ V block_sum(V v) {
    __shared__ V parts[32];
    v = warp_sum(v);
    __syncthreads();  // the parts of the call before have been read
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = v;
    __syncthreads();
    V sum = V(0);
    for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) sum += parts[warp];
    return sum;
  }
)
// clang-format on

}  // namespace tessera::cuda
