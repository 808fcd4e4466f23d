// SPDX-License-Identifier: BSD-3-Clause
// The pooling windows that hold a position: what a backward pass on a GPU gathers from.
#pragma once
#include <tessera/kernels/cuda/rows.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(windows_text, (&rows_text),
  // Windows [first, last) of `count` along one axis.
  struct Windows { int first; int last; };
  __device__ Windows windows_over(int h, int kernel, int stride, int count) {
    return {h < kernel ? 0 : (h - kernel) / stride + 1, math::min(h / stride + 1, count)};
  }
)
// clang-format on

}  // namespace tessera::cuda
