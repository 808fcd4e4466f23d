// SPDX-License-Identifier: BSD-3-Clause
// Weight gradient of the convolution on a GPU: dw += windows of select(x, valid) times scale * dy,
// a matrix product [window, pixels] by [pixels, channels] whose pixels are cut into slices.
#pragma once
#include <tessera/kernels/cuda/conv2d/gather.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(conv2d_backward_weight_text, (&conv_gather_text),
  // Adds results to a matrix.
  template <class T>
  struct ConvWeights {
    int rows;
    int columns;
    long places;
    T* data;
    __forceinline__ long place(int m) const { return m; }
    __forceinline__ void put(long row, int n, T sum) const { data[row * columns + n] += sum; }
  };
  template <class T, int Engine, int Tile>
  __global__ void __launch_bounds__(GemmTile<Tile>::threads)
  conv2d_backward_weight(ConvPhase phase, Span<const T> x, Mask valid, Span<const T> dy,
                         const T* scale, T* dweight, int slice_depth, T* partial,
                         int dy_in_fours) {
    const ConvGather<T, GemmTile<Tile>::fours, 0> a{phase.source, phase.window, x.data, x.stride,
                                                    valid, nullptr};
    const int pixels = phase.source.count;
    const ConvRows<T> b{dy.data, dy.stride, scale, pixels, dy.channels, dy_in_fours};
    const ConvWeights<T> output{phase.window.elements, dy.channels, phase.window.elements,
                                dweight};
    gemm_product<Engine, Tile>(a, b, output, pixels, slice_depth, partial);
  }
  template <class T>
  __global__ void conv2d_backward_weight_finish(const T* partial, int slices, T* dweight, int rows,
                                                int columns) {
    gemm_finish(ConvWeights<T>{rows, columns, rows, dweight}, partial, slices);
  }
)
// clang-format on

template <class T>
GemmCut backward_weight_cut(const kernels::Conv2dProblem& p, View<const T> x,
                            const ValidView& valid) {
  return GemmCut::of<T>(long{p.kernel} * p.kernel * p.in_channels, p.out_channels,
                        long{p.batch} * p.out_height * p.out_width,
                        in_fours(x.data, x.channels, x.stride, valid.groups));
}
/// Elements of T that the slices' sums take.
inline long backward_weight_sums(const kernels::Conv2dProblem& p, const GemmCut& cut) {
  const long weights = long{p.kernel} * p.kernel * p.in_channels * p.out_channels;
  return cut.slices == 1 ? 0 : weights * cut.slices;
}

/// dweight += ..; `partial` has room for backward_weight_sums.
template <class T>
void add_weight_gradient(const Context<Cuda>& context, const kernels::Conv2dProblem& p,
                         View<const T> x, ValidView valid, View<const T> dy, const T* scale,
                         T* dweight, T* partial, const GemmCut& cut) {
  if (cut.slices == 1) partial = nullptr;
  const int dy_in_fours = in_fours(dy.data, dy.channels, dy.stride);
  with_gemm_tile<T>(context.precision, cut.tile, [&]<int Engine, int Tile>() {
    using Shape = GemmTile<Tile>;
    context.engine().launch(
        TESSERA_CUDA_KERNEL(conv2d_backward_weight_text, conv2d_backward_weight, (T),
                            (Engine, Tile)),
        {static_cast<unsigned>(cut.blocks), static_cast<unsigned>(cut.slices), 1},
        {Shape::threads, 1, 1}, Shape::words * (Engine == 0 ? sizeof(T) : sizeof(float)),
        conv_forward(p), span_of(x), mask_of(valid), span_of(dy), scale, dweight, cut.slice_depth,
        partial, dy_in_fours);
  });
  if (!partial) return;
  const int rows = p.kernel * p.kernel * p.in_channels;
  launch_each(
      context,
      TESSERA_CUDA_KERNEL(conv2d_backward_weight_text, conv2d_backward_weight_finish, (T), ()),
      long{rows} * p.out_channels, static_cast<const T*>(partial), cut.slices, dweight, rows,
      p.out_channels);
}

}  // namespace tessera::cuda
