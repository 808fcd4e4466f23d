// SPDX-License-Identifier: BSD-3-Clause
// Views of activations and masks as kernels get them: the same structs on both sides.
#pragma once
#include <tessera/cuda/text.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(views_text, (),
  // Activations [N, H, W, C]; element (p, c) of pixel p lies at data + p * stride + c.
  template <class T>
  struct Span {
    T* data;
    int batch; int height; int width; int channels;
    long stride;
    constexpr long pixels() const { return static_cast<long>(batch) * height * width; }
    constexpr long size() const { return pixels() * channels; }
    constexpr long pixel(int n, int h, int w) const {
      return (static_cast<long>(n) * height + h) * width + w;
    }
    constexpr T& at(long p, int c) const { return data[p * stride + c]; }
  };
  // Mask planes [N, H, W, G]; group g covers channels [first[g], first[g + 1]). No data: all valid.
  struct Mask {
    unsigned char* data;
    int groups;
    int first[9];
    constexpr bool valid(long p, int g) const { return !data || data[p * groups + g] != 0; }
    constexpr int group_of(int c) const {
      int g = 0;
      while (g + 1 < groups && c >= first[g + 1]) ++g;
      return g;
    }
  };
)
// clang-format on

/// What a kernel gets for a view.
template <class T>
Span<T> span_of(const View<T>& v) {
  return {v.data, v.batch, v.height, v.width, v.channels, v.stride};
}
template <class Byte>
Mask mask_of(const BasicValidView<Byte>& v) {
  Mask mask{const_cast<unsigned char*>(v.data), v.groups.count, {}};
  for (int g = 0; g < v.groups.count; ++g) mask.first[g + 1] = mask.first[g] + v.groups.channels[g];
  return mask;
}

}  // namespace tessera::cuda
