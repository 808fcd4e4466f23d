// SPDX-License-Identifier: BSD-3-Clause
// Permutations on the CPU. An order that keeps the channels last copies rows; every other one is a
// transposition of y's last axis with x's channels, done in square blocks that stay in the cache.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/rows.hpp>
#include <tessera/kernels/permute.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// Elements from one index to the next along the axes of a sample, and to the next sample.
struct AxisStrides {
  std::ptrdiff_t axis[3], sample;
};

/// y[n][i0][i1][i2] = x[n][i0][i1][i2], each with its strides; y's last axis has stride 1.
template <class T>
void copy_strided(const Context<Cpu>& context, int batch, const Shape& shape, const T* x,
                  const AxisStrides& from, T* y, const AxisStrides& to) {
  const std::ptrdiff_t size[3]{shape.height, shape.width, shape.channels};
  if (from.axis[2] == 1 || size[2] == 1) {
    const std::ptrdiff_t rows = std::max<std::ptrdiff_t>(chunk_elements / size[2], 1);
    for_each_range(context, batch * size[0] * size[1], rows, [&](auto row, auto last) {
      for (; row < last; ++row) {
        const std::ptrdiff_t i1 = row % size[1], i0 = row / size[1] % size[0];
        const std::ptrdiff_t n = row / size[1] / size[0];
        std::copy_n(x + n * from.sample + i0 * from.axis[0] + i1 * from.axis[1], size[2],
                    y + n * to.sample + i0 * to.axis[0] + i1 * to.axis[1]);
      }
    });
    return;
  }
  // x's channels are axis `adjacent` of y. Blocks of adjacent x last are transposed; `outer` is left over.
  const int adjacent = from.axis[0] == 1 ? 0 : 1, outer = 1 - adjacent;
  constexpr std::ptrdiff_t block = 16;     // one cache line of floats
  constexpr std::ptrdiff_t strip = 16384;  // elements of a task, about
  const std::ptrdiff_t length = std::max(strip / size[2] / block, std::ptrdiff_t{1}) * block;
  const std::ptrdiff_t strips = ceil_div(size[adjacent], length);
  parallel_for(context, batch * size[outer] * strips, [&](std::ptrdiff_t task) {
    const std::ptrdiff_t first = task % strips * length;
    const std::ptrdiff_t last = std::min(first + length, size[adjacent]);
    const std::ptrdiff_t o = task / strips % size[outer], n = task / strips / size[outer];
    const T* const xo = x + n * from.sample + o * from.axis[outer];
    T* const yo = y + n * to.sample + o * to.axis[outer];
    for (std::ptrdiff_t j0 = 0; j0 < size[2]; j0 += block)
      for (std::ptrdiff_t i0 = first; i0 < last; i0 += block) {
        const std::ptrdiff_t i1 = std::min(i0 + block, last), j1 = std::min(j0 + block, size[2]);
        for (std::ptrdiff_t i = i0; i < i1; ++i)
          for (std::ptrdiff_t j = j0; j < j1; ++j)
            yo[i * to.axis[adjacent] + j] = xo[i + j * from.axis[2]];
      }
  });
}

template <class T>
constexpr AxisStrides strides_of(const View<T>& v) {
  return {{v.width * v.stride, v.stride, 1}, v.height * v.width * v.stride};
}
}  // namespace detail

template <class T>
inline void permute(const Context<Cpu>& context, const AxisOrder& order,
                    std::type_identity_t<View<const T>> x, View<T> y) {
  if (y.size() == 0) return;
  const detail::AxisStrides from = detail::strides_of(x);
  const detail::AxisStrides read{
      {from.axis[order.axis[0]], from.axis[order.axis[1]], from.axis[order.axis[2]]}, from.sample};
  detail::copy_strided<T>(context, y.batch, y.shape(), x.data, read, y.data, detail::strides_of(y));
}

template <class T>
inline void flatten(const Context<Cpu>& context, std::type_identity_t<View<const T>> x, View<T> y) {
  if (y.size() == 0) return;  // as (1, C, H W): pixels are the last axis
  const Shape shape{1, x.channels, x.height * x.width};
  const std::ptrdiff_t pixels = shape.channels;
  detail::copy_strided<T>(context, x.batch, shape, x.data,
                          {{x.channels, 1, x.stride}, pixels * x.stride}, y.data,
                          {{x.channels * pixels, pixels, 1}, y.stride});
}

template <class T>
inline void unflatten(const Context<Cpu>& context, std::type_identity_t<View<const T>> x,
                      View<T> y) {
  if (y.size() == 0) return;  // as (1, H W, C)
  const Shape shape{1, y.height * y.width, y.channels};
  const std::ptrdiff_t pixels = shape.width;
  detail::copy_strided<T>(context, y.batch, shape, x.data,
                          {{pixels * y.channels, 1, pixels}, x.stride}, y.data,
                          {{pixels * y.stride, y.stride, 1}, pixels * y.stride});
}

}  // namespace tessera::kernels
