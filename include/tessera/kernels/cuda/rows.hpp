// SPDX-License-Identifier: BSD-3-Clause
// Kernels that work row by row of an image: blocks in x are rows, and the threads of the blocks in
// y share the elements of a row. An element's place then takes divisions of 32 bits only.
#pragma once
#include <algorithm>

#include <tessera/cuda/context.hpp>
#include <tessera/cuda/views.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(rows_text, (&views_text),
  // The elements of a row that are this thread's: first, and from one to the next.
  __device__ int first_in_row() {
    return static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
  }
  __device__ int step_in_row() { return static_cast<int>(gridDim.y * blockDim.x); }
  // The place of element e of the block's row in [N, height, W, channels].
  struct RowElement { int n; int h; int w; int c; };
  __device__ RowElement row_element(int e, int height, int channels) {
    const int row = static_cast<int>(blockIdx.x);
    return {row / height, row % height, e / channels, e % channels};
  }
)
// clang-format on

/// Launches a kernel with a thread for each of the `elements` of each of the `rows`; the kernel
/// loops over a row where it is very long.
template <class K, class... A>
void launch_rows(const Context<Cuda>& context, const K& kernel, long rows, long elements,
                 A... arguments) {
  constexpr long most = 0x7FFFFFFF;
  if (rows > most || elements > most - 65535L * 256)  // a kernel counts them in int
    throw ArgumentError(text({"a kernel by rows on a GPU: ", rows, " rows of ", elements,
                              " elements; expected less than 2^31 of each"}));
  const long threads = elements <= 64 ? 64 : elements <= 128 ? 128 : 256;
  const long blocks = std::min((elements + threads - 1) / threads, 65535L);
  context.engine().launch(kernel, {static_cast<unsigned>(rows), static_cast<unsigned>(blocks), 1},
                          {static_cast<unsigned>(threads), 1, 1}, 0, arguments...);
}
/// The same for every element of a view.
template <class K, class T, class... A>
void launch_rows(const Context<Cuda>& context, const K& kernel, const View<T>& view,
                 A... arguments) {
  launch_rows(context, kernel, long{view.batch} * view.height, long{view.width} * view.channels,
              arguments...);
}

}  // namespace tessera::cuda
