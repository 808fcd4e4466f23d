// SPDX-License-Identifier: BSD-3-Clause
// The factors and results of a convolution as a matrix product: windows gathered from an image,
// weights as they lie or turned, pixels by their number. Nothing is copied out beforehand.
#pragma once
#include <cstdint>

#include <tessera/cuda/views.hpp>
#include <tessera/kernels/cuda/conv2d/windows.hpp>
#include <tessera/kernels/cuda/gemm_product.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(conv_gather_text, (&gemm_product_text, &conv_windows_text, &views_text),
  // Four numbers as they were read. What selects and scales them is read beside them and applied
  // only where they are put into shared memory, so that nothing waits for memory before that.
  template <class T>
  struct ConvChunk {
    T v[4] = {};
    T factor = T(1);
    unsigned char valid = 1;
  };
  // Exactly 0 where the factor is 0 or the numbers are not valid, whatever they are.
  template <class T>
  __device__ __forceinline__ T conv_value(const ConvChunk<T>& chunk, int j) {
    return chunk.valid != 0 && chunk.factor != T(0) ? chunk.factor * chunk.v[j] : T(0);
  }

  // Elements e to e + 3 of a window, all of one tap and of one mask group if Fours.
  template <int Fours>
  struct ConvTaps {
    static constexpr int count = Fours ? 1 : 4;
    int h[count];
    int w[count];
    int channel[count];
    int group[count];
  };
  template <int Fours>
  __device__ __forceinline__ ConvTaps<Fours> conv_taps(const ConvWindow& window, const Mask* mask,
                                                       int e) {
    ConvTaps<Fours> taps;
    TESSERA_CUDA_UNROLL
    for (int j = 0; j < ConvTaps<Fours>::count; ++j) {
      const int tap = window.channels.quotient(e + j);
      const int u = window.columns.quotient(tap);
      taps.channel[j] = e + j - tap * window.channels.divisor;
      taps.h[j] = e + j < window.elements ? window.direction * u : 1 << 28;
      taps.w[j] = window.direction * (tap - u * window.columns.divisor);
      taps.group[j] = mask && mask->data ? mask->group_of(taps.channel[j]) : 0;
    }
    return taps;
  }

  // What a thread knows of a row beforehand: where its window begins, or which elements it has.
  template <int AlongK, int Fours> struct ConvRow { using type = ConvPosition; };
  template <int Fours> struct ConvRow<0, Fours> { using type = ConvTaps<Fours>; };

  // Elements of windows of an image, 0 outside of it, under holes and where the pixel's scale is 0,
  // else times the scale. AlongK: of pixel m element k, else of pixel k element m.
  template <class T, int Fours, int AlongK>
  struct ConvGather {
    static constexpr int along_k = AlongK;
    using Chunk = ConvChunk<T>;
    using Row = typename ConvRow<AlongK, Fours>::type;
    const ConvGrid& grid;
    const ConvWindow& window;
    const T* data;
    long stride;
    const Mask& mask;
    const T* scale;

    __forceinline__ Row row(int m) const {
      if constexpr (AlongK) return grid.position(m);
      else return conv_taps<Fours>(window, &mask, m);
    }
    __forceinline__ auto step(int k) const {
      if constexpr (AlongK) return conv_taps<Fours>(window, &mask, k);
      else return grid.position(k);
    }
    __forceinline__ Chunk load(const ConvPosition& at, const ConvTaps<Fours>& taps) const {
      Chunk chunk;
      TESSERA_CUDA_UNROLL
      for (int j = 0; j < ConvTaps<Fours>::count; ++j) {
        const int h = at.h + taps.h[j];
        const int w = at.w + taps.w[j];
        if (h < 0 || h >= grid.height || w < 0 || w >= grid.width) continue;
        const int pixel = at.image + h * grid.width + w;
        const T* const from = data + pixel * stride + taps.channel[j];
        if constexpr (Fours) {
          const Few<T, 4> few = *reinterpret_cast<const Few<T, 4>*>(from);
          TESSERA_CUDA_UNROLL
          for (int i = 0; i < 4; ++i) chunk.v[i] = few.v[i];
          if (scale) chunk.factor = scale[pixel];
          if (mask.data)
            chunk.valid = mask.data[static_cast<long>(pixel) * mask.groups + taps.group[j]];
        } else if (mask.valid(pixel, taps.group[j])) {
          const T factor = scale ? scale[pixel] : T(1);
          if (factor != T(0)) chunk.v[j] = factor * *from;
        }
      }
      return chunk;
    }
    __forceinline__ Chunk load(const ConvTaps<Fours>& taps, const ConvPosition& at) const {
      return load(at, taps);
    }
    __forceinline__ T value(const Chunk& chunk, int j) const { return conv_value(chunk, j); }
  };

  // Rows of a matrix, such as the pixels of a view, times their scale: element (k, n).
  template <class T>
  struct ConvRows {
    static constexpr int along_k = 0;
    using Chunk = ConvChunk<T>;
    using Row = int;
    const T* data;
    long stride;
    const T* scale;
    int rows;
    int columns;
    int fours;
    __forceinline__ int row(int n) const { return n; }
    __forceinline__ int step(int k) const { return k; }
    __forceinline__ Chunk load(int n, int k) const {
      Chunk chunk;
      if (k >= rows || n >= columns) return chunk;
      const T* const from = data + k * stride + n;
      if (fours) {
        const Few<T, 4> few = *reinterpret_cast<const Few<T, 4>*>(from);
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < 4; ++j) chunk.v[j] = few.v[j];
      } else {
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < 4; ++j)
          if (n + j < columns) chunk.v[j] = from[j];
      }
      if (scale) chunk.factor = scale[k];
      return chunk;
    }
    __forceinline__ T value(const Chunk& chunk, int j) const { return conv_value(chunk, j); }
  };

  // Weights [K, K, I, O] turned: k counts taps and then o, n is i.
  template <class T, int Fours>
  struct ConvTurned {
    static constexpr int along_k = 1;
    using Chunk = ConvChunk<T>;
    using Row = int;
    const ConvWindow& window;
    const T* data;
    int columns;  // I
    __forceinline__ int row(int n) const { return n; }
    __forceinline__ ConvTaps<Fours> step(int k) const {
      return conv_taps<Fours>(window, nullptr, k);
    }
    __forceinline__ Chunk load(int n, const ConvTaps<Fours>& taps) const {
      Chunk chunk;
      TESSERA_CUDA_UNROLL
      for (int j = 0; j < ConvTaps<Fours>::count; ++j) {
        if (n >= columns || taps.h[j] == 1 << 28) continue;
        const int u = window.first_row - window.stride * taps.h[j];
        const int v = window.first_column - window.stride * taps.w[j];
        const long channels = window.channels.divisor;
        const T* const from =
            data + (static_cast<long>(u * window.kernel + v) * columns + n) * channels +
            taps.channel[j];
        if constexpr (Fours) {
          const Few<T, 4> few = *reinterpret_cast<const Few<T, 4>*>(from);
          TESSERA_CUDA_UNROLL
          for (int i = 0; i < 4; ++i) chunk.v[i] = few.v[i];
        } else chunk.v[j] = *from;
      }
      return chunk;
    }
    __forceinline__ T value(const Chunk& chunk, int j) const { return chunk.v[j]; }
  };

  // Results as pixels of a view: scale * sum + bias, exactly 0 where scale is 0 and under holes.
  template <class T>
  struct ConvOutput {
    const ConvGrid& grid;
    int rows;
    int columns;
    long places;
    const Mask& mask;
    const T* scale;
    const T* bias;
    T* data;
    long stride;
    __forceinline__ long place(int m) const {
      const ConvPosition at = grid.position(m);
      return at.image + at.h * grid.width + at.w;
    }
    __forceinline__ void put(long pixel, int n, T sum) const {
      const T factor = scale ? scale[pixel] : T(1);
      const bool zero = factor == T(0) || (mask.data && !mask.valid(pixel, mask.group_of(n)));
      data[pixel * stride + n] = zero ? T(0) : factor * sum + (bias ? bias[n] : T(0));
    }
  };
)
// clang-format on

/// Whether a kernel may read a view's channels in fours, of one mask group each.
template <class T>
bool in_fours(const T* data, long channels, long stride, const MaskGroups& groups = {}) {
  bool fours = channels % 4 == 0 && stride % 4 == 0;
  for (int g = 0; g < groups.count; ++g) fours = fours && groups.channels[g] % 4 == 0;
  return fours && reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
}

}  // namespace tessera::cuda
