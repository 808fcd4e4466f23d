// SPDX-License-Identifier: BSD-3-Clause
// Bias gradient of a convolution on a GPU: sums of dy over its pixels, in double. Slices of the
// pixels, cut by shape alone, sum in blocks of their own; then a thread a channel adds them in
// order.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cuda/elements.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(conv2d_bias_text, (&elements_text),
  // partial [slices, C]: slice blockIdx.y, channels from blockIdx.x * lanes; `lanes`, a power of 2,
  // threads stand side by side on channels, the others on pixels. Pixels of scale 0 do not count.
  template <class T>
  __global__ void conv2d_bias_slices(Span<const T> dy, const T* scale, long slice_pixels,
                                     int lanes, double* partial) {
    double* const sums = dynamic_shared<double>();
    const int thread = static_cast<int>(threadIdx.x);
    const int rows = static_cast<int>(blockDim.x) / lanes;
    const int row = thread / lanes;
    const int c = static_cast<int>(blockIdx.x) * lanes + thread % lanes;
    const long first = blockIdx.y * slice_pixels;
    const long last = dy.pixels() - first < slice_pixels ? dy.pixels() : first + slice_pixels;
    double sum = 0;
    if (c < dy.channels)
      for (long p = first + row; p < last; p += rows)
        if (!scale || scale[p] != T(0)) sum += static_cast<double>(dy.at(p, c));
    sums[thread] = sum;
    for (int half = rows / 2; half > 0; half /= 2) {
      __syncthreads();
      if (row < half) sums[thread] += sums[thread + half * lanes];
    }
    if (row == 0 && c < dy.channels)
      partial[static_cast<long>(blockIdx.y) * dy.channels + c] = sums[thread];
  }
  template <class T>
  __global__ void conv2d_bias_finish(const double* partial, int slices, int channels, T* dbias) {
    for (long c = first_element(); c < channels; c += element_step()) {
      double sum = 0;
      for (int s = 0; s < slices; ++s) sum += partial[static_cast<long>(s) * channels + c];
      dbias[c] += static_cast<T>(sum);
    }
  }
)
// clang-format on

/// How the pixels are cut: 1024 a slice, or more in at most 256 slices.
struct BiasCut {
  long slice_pixels = 0;
  int slices = 0, channels = 0;
  constexpr BiasCut(long pixels, int c)
      : slice_pixels(std::max((pixels + 255) / 256, 1024l)),
        slices(static_cast<int>((pixels + slice_pixels - 1) / slice_pixels)),
        channels(c) {}
  constexpr long sums() const { return long{slices} * channels; }
};

/// dbias [C] += sum of dy over pixels, those of scale 0 left out where there is a scale.
template <class T>
void add_bias_gradient(const Context<Cuda>& context, View<const T> dy, const T* scale, T* dbias) {
  constexpr int threads = 256;
  const BiasCut cut(dy.pixels(), dy.channels);
  double* const partial = scratch<double>(context, cut.sums());
  int lanes = 1;
  while (lanes < 32 && lanes < dy.channels) lanes *= 2;
  context.engine().launch(TESSERA_CUDA_KERNEL(conv2d_bias_text, conv2d_bias_slices, (T), ()),
                          {static_cast<unsigned>((dy.channels + lanes - 1) / lanes),
                           static_cast<unsigned>(cut.slices), 1},
                          {threads, 1, 1}, threads * sizeof(double), span_of(dy), scale,
                          cut.slice_pixels, lanes, partial);
  launch_each(context, TESSERA_CUDA_KERNEL(conv2d_bias_text, conv2d_bias_finish, (T), ()),
              long{dy.channels}, static_cast<const double*>(partial), cut.slices, dy.channels,
              dbias);
}

}  // namespace tessera::cuda
