// SPDX-License-Identifier: BSD-3-Clause
// Channel-wise fully connected products on the CPU. Maps are packed with the channels first,
// [C][N][P]; then a channel is a product of few rows, one task a channel, and each weight is read
// once.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/channelwise_fc.hpp>
#include <tessera/kernels/cpu/permute.hpp>
#include <tessera/kernels/cpu/product_tile.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// to[c][n][p] = x[n][p][c], and back: (1, C, N P) and (N P, C) of one sample.
template <class T>
void channels_first(const Context<Cpu>& context, View<const T> x, T* to) {
  const std::ptrdiff_t rows = x.pixels(), C = x.channels;
  copy_strided<T>(context, 1, {1, x.channels, static_cast<int>(rows)}, x.data,
                  {{0, 1, x.stride}, 0}, to, {{rows * C, rows, 1}, 0});
}
template <class T>
void channels_last(const Context<Cpu>& context, const T* from, View<T> y) {
  const std::ptrdiff_t rows = y.pixels();
  copy_strided<T>(context, 1, {1, static_cast<int>(rows), y.channels}, from, {{0, 1, rows}, 0},
                  y.data, {{rows * y.stride, y.stride, 1}, 0});
}
}  // namespace detail

template <class T>
inline void channelwise_fc_forward(const Context<Cpu>& context,
                                   std::type_identity_t<View<const T>> x, const T* weight,
                                   View<T> y, std::byte* workspace) {
  const std::ptrdiff_t N = x.batch, P = std::ptrdiff_t{x.height} * x.width, C = x.channels;
  const std::size_t map = aligned_size(static_cast<std::size_t>(x.size()) * sizeof(T));
  T* const xc = reinterpret_cast<T*>(workspace);
  T* const yc = reinterpret_cast<T*>(workspace + map);
  detail::channels_first<T>(context, x, xc);
  parallel_for(context, C, [&](std::ptrdiff_t c) {
    detail::few_rows_product<T>(N, P, P, {xc + c * N * P, P, 1}, weight + c * P * P, P, false,
                                yc + c * N * P, P);
  });
  detail::channels_last<T>(context, yc, y);
}

template <class T>
inline void channelwise_fc_backward(const Context<Cpu>& context,
                                    std::type_identity_t<View<const T>> x,
                                    std::type_identity_t<View<const T>> dy, const T* weight,
                                    View<T> dx, std::type_identity_t<T>* dweight,
                                    std::byte* workspace) {
  const std::ptrdiff_t N = x.batch, P = std::ptrdiff_t{x.height} * x.width, C = x.channels;
  const std::size_t map = aligned_size(static_cast<std::size_t>(x.size()) * sizeof(T));
  T* const xc = reinterpret_cast<T*>(workspace);
  T* const dyc = reinterpret_cast<T*>(workspace + map);
  T* const dxc = reinterpret_cast<T*>(workspace + 2 * map);
  T* const transposed = reinterpret_cast<T*>(workspace + 3 * map);
  detail::channels_first<T>(context, dy, dyc);
  if (dweight) detail::channels_first<T>(context, x, xc);
  if (dx) {
    const int size = static_cast<int>(P);
    detail::copy_strided<T>(context, static_cast<int>(C), {1, size, size}, weight,
                            {{0, 1, P}, P * P}, transposed, {{0, P, 1}, P * P});
  }
  parallel_for(context, C, [&](std::ptrdiff_t c) {
    const T* const d = dyc + c * N * P;
    if (dx)
      detail::few_rows_product<T>(N, P, P, {d, P, 1}, transposed + c * P * P, P, false,
                                  dxc + c * N * P, P);
    if (dweight)
      detail::few_rows_product<T>(P, P, N, {xc + c * N * P, 1, P}, d, P, true, dweight + c * P * P,
                                  P);
  });
  if (dx) detail::channels_last<T>(context, dxc, dx);
}

}  // namespace tessera::kernels
