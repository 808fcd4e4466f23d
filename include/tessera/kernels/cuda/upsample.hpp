// SPDX-License-Identifier: BSD-3-Clause
// Nearest-neighbour upsampling on a GPU: one element a thread, of the large image forward and of
// the small one backward.
#pragma once
#include <type_traits>

#include <tessera/kernels/cuda/rows.hpp>
#include <tessera/kernels/upsample.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(upsample_text, (&rows_text),
  template <class T>
  __device__ void repeat_pixels(int factor, const Span<const T>& x, const Span<T>& y) {
    for (int e = first_in_row(); e < y.width * y.channels; e += step_in_row()) {
      const RowElement at = row_element(e, y.height, y.channels);
      y.at(y.pixel(at.n, at.h, at.w), at.c) =
          x.at(x.pixel(at.n, at.h / factor, at.w / factor), at.c);
    }
  }
  template <class T>
  __global__ void upsample_forward(int factor, Span<const T> x, Span<T> y) {
    repeat_pixels<T>(factor, x, y);
  }
  template <class T>
  __global__ void upsample_mask(int factor, Span<const unsigned char> x, Span<unsigned char> y) {
    repeat_pixels<unsigned char>(factor, x, y);
  }
  template <class T>
  __global__ void upsample_backward(int factor, Span<const T> dy, Span<T> dx) {
    for (int e = first_in_row(); e < dx.width * dx.channels; e += step_in_row()) {
      const RowElement at = row_element(e, dx.height, dx.channels);
      T sum = T(0);
      for (int a = 0; a < factor; ++a) {
        const T* from = &dy.at(dy.pixel(at.n, at.h * factor + a, at.w * factor), at.c);
        for (int b = 0; b < factor; ++b) sum += from[b * dy.stride];
      }
      dx.at(dx.pixel(at.n, at.h, at.w), at.c) = sum;
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void upsample_forward(const Context<Cuda>& context, int factor,
                             std::type_identity_t<View<const T>> x, View<T> y) {
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::upsample_text, upsample_forward, (T), ()), y,
                    factor, cuda::span_of(x), cuda::span_of(y));
}

template <class T>
inline void upsample_backward(const Context<Cuda>& context, int factor,
                              std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::upsample_text, upsample_backward, (T), ()),
                    dx, factor, cuda::span_of(dy), cuda::span_of(dx));
}

inline void upsample_mask(const Context<Cuda>& context, int factor, ValidView x,
                          MutableValidView y) {
  const auto image = [](const auto& mask) {  // planes are the channels of an image of bytes
    return make_view(mask.data, mask.batch, {mask.height, mask.width, mask.groups.count});
  };
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::upsample_text, upsample_mask, (float), ()),
                    image(y), factor, cuda::span_of(image(x)), cuda::span_of(image(y)));
}

}  // namespace tessera::kernels
