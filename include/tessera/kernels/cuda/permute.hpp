// SPDX-License-Identifier: BSD-3-Clause
// Permutations on a GPU. Where y's last axis is x's channels, or one of the two is short, threads
// copy elements in y's order; else tiles are transposed in shared memory, so that reads and writes
// are both contiguous.
#pragma once
#include <algorithm>
#include <type_traits>
#include <utility>

#include <tessera/kernels/cuda/rows.hpp>
#include <tessera/kernels/permute.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(axis_strides_text, (),
  // Elements from one index to the next along the axes of a sample, and to the next sample.
  struct AxisStrides { long axis[3]; long sample; };
)
TESSERA_CUDA_TEXT(permute_text, (&rows_text, &axis_strides_text),
  // y[n][i0][i1][i2] = x[n][i0][i1][i2]; rows are pairs (n, i0).
  template <class T>
  __global__ void copy_in_rows(const T* x, AxisStrides from, T* y, AxisStrides to, int size0,
                               int size1, int size2) {
    for (int e = first_in_row(); e < size1 * size2; e += step_in_row()) {
      const RowElement at = row_element(e, size0, size2);
      y[at.n * to.sample + at.h * to.axis[0] + at.w * to.axis[1] + at.c * to.axis[2]] =
          x[at.n * from.sample + at.h * from.axis[0] + at.w * from.axis[1] + at.c * from.axis[2]];
    }
  }
  // The same where x has stride 1 along i1 and y along i2: one tile of 32 x 32 a block of 32 x 8.
  template <class T>
  __global__ void copy_in_tiles(const T* x, AxisStrides from, T* y, AxisStrides to, int size0,
                                int size1, int size2) {
    __shared__ T tile[32][33];
    const int tiles1 = (size1 + 31) / 32;
    const int tiles2 = (size2 + 31) / 32;
    int block = static_cast<int>(blockIdx.x);
    const int lane = static_cast<int>(threadIdx.x);
    const int row = static_cast<int>(threadIdx.y);
    const int j0 = block % tiles2 * 32;
    block /= tiles2;
    const int i0 = block % tiles1 * 32;
    block /= tiles1;
    x += block / size0 * from.sample + block % size0 * from.axis[0];
    y += block / size0 * to.sample + block % size0 * to.axis[0];
    for (int j = row; j < 32; j += 8)
      if (i0 + lane < size1 && j0 + j < size2)
        tile[j][lane] = x[i0 + lane + (j0 + j) * from.axis[2]];
    __syncthreads();
    for (int i = row; i < 32; i += 8)
      if (i0 + i < size1 && j0 + lane < size2)
        y[(i0 + i) * to.axis[1] + j0 + lane] = tile[lane][i];
  }
)
// clang-format on

template <class T>
constexpr AxisStrides strides_of(const View<T>& v) {
  return {{v.width * v.stride, v.stride, 1}, v.height * v.width * v.stride};
}

/// y[n][i0][i1][i2] = x[n][i0][i1][i2], each with its strides; y's last axis has stride 1.
template <class T>
void copy_strided(const Context<Cuda>& context, int batch, const Shape& shape, const T* x,
                  AxisStrides from, T* y, AxisStrides to) {
  int size[3]{shape.height, shape.width, shape.channels};
  const int adjacent = from.axis[0] == 1 ? 0 : 1;  // which axis of y is x's channels, if not the last
  const bool tiled = from.axis[adjacent] == 1 && from.axis[2] != 1 && size[adjacent] >= 16 && size[2] >= 16;
  if (!tiled)
    return launch_rows(context, TESSERA_CUDA_KERNEL(permute_text, copy_in_rows, (T), ()),
                       long{batch} * size[0], long{size[1]} * size[2], x, from, y, to, size[0],
                       size[1], size[2]);
  if (adjacent == 0) {
    std::swap(size[0], size[1]);
    std::swap(from.axis[0], from.axis[1]);
    std::swap(to.axis[0], to.axis[1]);
  }
  const long tiles = long{batch} * size[0] * ((size[1] + 31) / 32) * ((size[2] + 31) / 32);
  context.engine().launch(TESSERA_CUDA_KERNEL(permute_text, copy_in_tiles, (T), ()),
                          {static_cast<unsigned>(tiles), 1, 1}, {32, 8, 1}, 0, x, from, y, to,
                          size[0], size[1], size[2]);
}

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void permute(const Context<Cuda>& context, const AxisOrder& order,
                    std::type_identity_t<View<const T>> x, View<T> y) {
  const cuda::AxisStrides from = cuda::strides_of(x);
  const cuda::AxisStrides read{
      {from.axis[order.axis[0]], from.axis[order.axis[1]], from.axis[order.axis[2]]}, from.sample};
  cuda::copy_strided<T>(context, y.batch, y.shape(), x.data, read, y.data, cuda::strides_of(y));
}

template <class T>
inline void flatten(const Context<Cuda>& context, std::type_identity_t<View<const T>> x,
                    View<T> y) {
  const long pixels = long{x.height} * x.width;  // as (1, C, H W)
  cuda::copy_strided<T>(context, x.batch, {1, x.channels, static_cast<int>(pixels)}, x.data,
                        {{x.channels, 1, x.stride}, pixels * x.stride}, y.data,
                        {{x.channels * pixels, pixels, 1}, y.stride});
}

template <class T>
inline void unflatten(const Context<Cuda>& context, std::type_identity_t<View<const T>> x,
                      View<T> y) {
  const long pixels = long{y.height} * y.width;  // as (1, H W, C)
  cuda::copy_strided<T>(context, x.batch, {1, static_cast<int>(pixels), y.channels}, x.data,
                        {{pixels * y.channels, 1, pixels}, x.stride}, y.data,
                        {{pixels * y.stride, y.stride, 1}, pixels * y.stride});
}

}  // namespace tessera::kernels
