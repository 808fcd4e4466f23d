// SPDX-License-Identifier: BSD-3-Clause
// The holes as a channel, on a GPU.
#pragma once
#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/hole_channel.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(hole_channel_text, (&elements_text),
  template <class T>
  __global__ void hole_channel_forward(Span<const T> x, Mask valid, Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const ElementPlace at = element_place(e, y.channels);
      const bool known = valid.data[at.p] != 0;
      if (at.c == x.channels) y.at(at.p, at.c) = known ? T(0) : T(1);
      else y.at(at.p, at.c) = known ? x.at(at.p, at.c) : T(0);
    }
  }
  template <class T>
  __global__ void hole_channel_backward(Span<const T> dy, Mask valid, Span<T> dx) {
    for (long e = first_element(); e < dx.size(); e += element_step()) {
      const ElementPlace at = element_place(e, dx.channels);
      dx.at(at.p, at.c) = valid.data[at.p] != 0 ? dy.at(at.p, at.c) : T(0);
    }
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void hole_channel_forward(const Context<Cuda>& context,
                                 std::type_identity_t<View<const T>> x, ValidView valid, View<T> y) {
  cuda::launch_each(context,
                    TESSERA_CUDA_KERNEL(cuda::hole_channel_text, hole_channel_forward, (T), ()),
                    y.size(), cuda::span_of(x), cuda::mask_of(valid), cuda::span_of(y));
}

template <class T>
inline void hole_channel_backward(const Context<Cuda>& context,
                                  std::type_identity_t<View<const T>> dy, ValidView valid,
                                  View<T> dx) {
  if (!dx) return;
  cuda::launch_each(context,
                    TESSERA_CUDA_KERNEL(cuda::hole_channel_text, hole_channel_backward, (T), ()),
                    dx.size(), cuda::span_of(dy), cuda::mask_of(valid), cuda::span_of(dx));
}

}  // namespace tessera::kernels
