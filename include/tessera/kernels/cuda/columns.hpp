// SPDX-License-Identifier: BSD-3-Clause
// How kernels that work channel by channel cut a view: a block has one thread for each of some
// neighbouring channels and of some pixels, and goes through a chunk of a sample's pixels, so that
// memory is read along the channels and a thread keeps its channel. Cut by shape alone.
#pragma once
#include <algorithm>

#include <tessera/cuda/context.hpp>
#include <tessera/cuda/views.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(column_cut_text, (),
  struct ColumnCut {
    int samples; int channels; long pixels;  // of a sample
    int columns; int rows;                   // of a block: channels, pixels at once
    int chunks; long chunk;                  // of a sample; pixels of each but the last
    constexpr long size(int i) const { return i + 1 < chunks ? chunk : pixels - i * chunk; }
    // Where number q of two, of channel c in chunk i of sample n, lies in [N][2][C][chunks].
    constexpr long at(int n, int q, int c, int i) const {
      return ((2L * n + q) * channels + c) * chunks + i;
    }
    constexpr long partials() const { return 2L * samples * channels * chunks; }
  };
)
TESSERA_CUDA_TEXT(columns_text, (&views_text, &column_cut_text),
  // What a thread works on: pixels p, p + rows, ... before last, and channel c. A thread behind the
  // last channel is idle: it repeats that channel up to the barriers, and must not write.
  struct ColumnThread {
    int sample; int chunk; int c; bool idle;
    long first; long p; long last;
  };
  __device__ ColumnThread column_thread(const ColumnCut& cut) {
    const int sample = static_cast<int>(blockIdx.x) / cut.chunks;
    const int chunk = static_cast<int>(blockIdx.x) % cut.chunks;
    const int c = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
    const bool idle = c >= cut.channels;
    const long first = sample * cut.pixels + chunk * cut.chunk;
    return {sample, chunk, idle ? cut.channels - 1 : c, idle,
            first, first + threadIdx.y, first + cut.size(chunk)};
  }
  // Channel c of pixels p, p + rows, ... ; `outside` from `last` on. Four loads are on their way at
  // a time: stores may lie over x, so the compiler does not move loads.
  template <class T>
  __device__ void load_column(Span<const T> x, const ColumnThread& own, long p, T outside,
                              T (&v)[4]) {
    TESSERA_CUDA_UNROLL
    for (int k = 0; k < 4; ++k) {
      const long q = p + k * static_cast<long>(blockDim.y);
      v[k] = q < own.last ? x.at(q, own.c) : outside;
    }
  }
  // Sums over the pixels of a block, for threads of pixel 0. Once in a kernel; needs
  // 2 columns rows doubles of shared memory.
  __device__ void add_columns(double (&sums)[2]) {
    double* const all = dynamic_shared<double>();
    const unsigned columns = blockDim.x;
    const unsigned size = columns * blockDim.y;
    const unsigned own = threadIdx.y * columns + threadIdx.x;
    all[own] = sums[0];
    all[size + own] = sums[1];
    __syncthreads();
    for (unsigned n = blockDim.y; n > 1;) {
      const unsigned half = (n + 1) / 2;
      if (threadIdx.y + half < n) {
        all[own] += all[own + half * columns];
        all[size + own] += all[size + own + half * columns];
      }
      __syncthreads();
      n = half;
    }
    sums[0] = all[own];
    sums[1] = all[size + own];
  }
)
// clang-format on

/// About 1024 blocks of 256 threads, which fill a large GPU, but 8 pixels or more for a thread.
constexpr ColumnCut column_cut(int samples, long pixels, int channels) {
  const int across = (channels + 63) / 64, columns = (channels + across - 1) / across;
  const int rows = 256 / columns;
  const long parts = std::max(1L, 1024L / (static_cast<long>(across) * samples));
  const long chunk = std::max(8L * rows, (pixels + parts - 1) / parts);
  return {samples, channels, pixels, columns, rows, static_cast<int>((pixels + chunk - 1) / chunk),
          chunk};
}

/// Launches a kernel whose threads begin with column_thread(cut).
template <class K, class... A>
void launch_columns(const Context<Cuda>& context, const K& kernel, const ColumnCut& cut,
                    A... arguments) {
  const auto columns = static_cast<unsigned>(cut.columns), rows = static_cast<unsigned>(cut.rows);
  const unsigned across = (static_cast<unsigned>(cut.channels) + columns - 1) / columns;
  const unsigned along = static_cast<unsigned>(cut.samples) * static_cast<unsigned>(cut.chunks);
  context.engine().launch(kernel, {along, across, 1}, {columns, rows, 1},
                          2 * sizeof(double) * columns * rows, arguments...);
}

}  // namespace tessera::cuda
