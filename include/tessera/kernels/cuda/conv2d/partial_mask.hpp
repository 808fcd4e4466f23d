// SPDX-License-Identifier: BSD-3-Clause
// The mask path of a partial convolution on a GPU: one thread counts the valid input elements of
// one output pixel's window.
#pragma once
#include <tessera/cuda/views.hpp>
#include <tessera/kernels/cuda/conv2d/windows.hpp>
#include <tessera/kernels/cuda/elements.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(partial_conv2d_mask_text, (&elements_text, &conv_windows_text),
  template <class T>
  __global__ void partial_conv2d_mask(ConvGrid grid, int kernel, int channels, Mask valid,
                                      T* scale, unsigned char* y_valid) {
    for (long e = first_element(); e < grid.count; e += element_step()) {
      const ConvPosition at = grid.position(static_cast<int>(e));
      const int h0 = at.h > 0 ? at.h : 0;
      const int w0 = at.w > 0 ? at.w : 0;
      const int h1 = at.h + kernel < grid.height ? at.h + kernel : grid.height;
      const int w1 = at.w + kernel < grid.width ? at.w + kernel : grid.width;
      long sum = 0;
      for (int g = 0; g < valid.groups; ++g) {
        int box = 0;
        for (int h = h0; h < h1; ++h) {
          const int row = at.image + h * grid.width;
          for (int w = w0; w < w1; ++w) box += valid.valid(row + w, g);
        }
        sum += static_cast<long>(box) * (valid.first[g + 1] - valid.first[g]);
      }
      const T window = static_cast<T>(static_cast<long>(kernel) * kernel * channels);
      scale[e] = sum > 0 ? window / static_cast<T>(sum) : T(0);
      y_valid[e] = sum > 0;
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void partial_conv2d_mask(const Context<Cuda>& context, const Conv2dProblem& p,
                                ValidView x_valid, T* scale, MutableValidView y_valid) {
  cuda::check_conv_sizes(p);
  if (!x_valid) x_valid.groups = MaskGroups{1, {p.in_channels}};
  const cuda::ConvGrid grid = cuda::conv_forward(p).source;
  cuda::launch_each(
      context, TESSERA_CUDA_KERNEL(cuda::partial_conv2d_mask_text, partial_conv2d_mask, (T), ()),
      long{grid.count}, grid, p.kernel, p.in_channels, cuda::mask_of(x_valid), scale, y_valid.data);
}

}  // namespace tessera::kernels
