// SPDX-License-Identifier: BSD-3-Clause
// Convolutions on a GPU that gather: forward from windows of x, backward to the input from windows
// of dy. One kernel, a matrix product [pixels, window] by [window, channels] made tile by tile.
#pragma once
#include <tessera/kernels/cuda/conv2d/gather.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(convolve_text, (&conv_gather_text),
  // y from x. Forward: mask selects from x, scale applies to y. Turned, from dy to dx, it is the
  // other way round, and the weights lie [.., channels of y, channels of x].
  template <class T, int Engine, int Tile, int Turned>
  __global__ void __launch_bounds__(GemmTile<Tile>::threads)
  convolve(ConvPhases phases, Span<const T> x, const T* weight, const T* bias, Span<T> y,
           Mask mask, const T* scale, int slice_depth, T* partial, int weights_in_fours) {
    constexpr int fours = GemmTile<Tile>::fours;
    const ConvPhase& phase = phases.phase[blockIdx.z];
    const ConvWindow& window = phase.window;
    const int rows = phase.target.count;
    const Mask none{};
    if constexpr (Turned) {
      const ConvGather<T, fours, 1> a{phase.source, window, x.data, x.stride, none, scale};
      const ConvTurned<T, fours> b{window, weight, y.channels};
      const ConvOutput<T> output{phase.target, rows, y.channels, y.pixels(), mask, nullptr, bias,
                                 y.data, y.stride};
      gemm_product<Engine, Tile>(a, b, output, window.elements, slice_depth, partial);
    } else {
      const ConvGather<T, fours, 1> a{phase.source, window, x.data, x.stride, mask, nullptr};
      const ConvRows<T> b{weight, y.channels, nullptr, window.elements, y.channels,
                          weights_in_fours};
      const ConvOutput<T> output{phase.target, rows, y.channels, y.pixels(), none, scale, bias,
                                 y.data, y.stride};
      gemm_product<Engine, Tile>(a, b, output, window.elements, slice_depth, partial);
    }
  }
  // Adds the slices of `partial` and finishes y; mask and scale are those of y.
  template <class T>
  __global__ void convolve_finish(const T* partial, int slices, const T* bias, Span<T> y,
                                  Mask mask, const T* scale) {
    const ConvGrid none{};
    gemm_finish(ConvOutput<T>{none, 0, y.channels, y.pixels(), mask, scale, bias, y.data, y.stride},
                partial, slices);
  }
)
// clang-format on

/// A gathering convolution: y from x. The mask is that of x, the scale that of y; backward, from dy
/// to dx, they are the other way round.
template <class T>
struct Convolution {
  View<const T> x;
  const T* weight = nullptr;
  const T* bias = nullptr;
  View<T> y;
  ValidView mask{};
  const T* scale = nullptr;

  /// Whether x, and weights along its channels, can be read in fours, each of one group of x.
  bool in_fours(const MaskGroups& groups) const {
    return cuda::in_fours(x.data, x.channels, x.stride, groups) &&
           reinterpret_cast<std::uintptr_t>(weight) % 16 == 0;
  }
};

/// Launches the phases, S * S of them, that phase(row, column) gives for the residues of S.
template <int Turned, class T, class Phase>
void launch_convolve(const Context<Cuda>& context, const Convolution<T>& c, int stride,
                     const GemmCut& cut, const Phase& phase) {
  constexpr int at_once = 16;
  const long sums = c.y.size() * cut.slices;
  T* const partial = cut.slices == 1 ? nullptr : scratch<T>(context, sums);
  const int weights_in_fours = in_fours(c.weight, c.y.channels, c.y.channels);
  for (int first = 0; first < stride * stride; first += at_once) {
    const int count = std::min(at_once, stride * stride - first);
    ConvPhases phases{};
    for (int i = 0; i < count; ++i)
      phases.phase[i] = phase((first + i) / stride, (first + i) % stride);
    with_gemm_tile<T>(context.precision, cut.tile, [&]<int Engine, int Tile>() {
      using Shape = GemmTile<Tile>;
      context.engine().launch(
          TESSERA_CUDA_KERNEL(convolve_text, convolve, (T), (Engine, Tile, Turned)),
          {static_cast<unsigned>(cut.blocks), static_cast<unsigned>(cut.slices),
           static_cast<unsigned>(count)},
          {Shape::threads, 1, 1}, Shape::words * (Engine == 0 ? sizeof(T) : sizeof(float)), phases,
          span_of(c.x), c.weight, c.bias, span_of(c.y), mask_of(c.mask), c.scale, cut.slice_depth,
          partial, weights_in_fours);
    });
  }
  if (partial)
    launch_each(context, TESSERA_CUDA_KERNEL(convolve_text, convolve_finish, (T), ()), c.y.size(),
                static_cast<const T*>(partial), cut.slices, c.bias, span_of(c.y),
                mask_of(Turned ? c.mask : ValidView{}), Turned ? nullptr : c.scale);
}

/// y = scale * conv(select(x, mask), weight) + bias.
template <class T>
void convolve_forward(const Context<Cuda>& context, const kernels::Conv2dProblem& p,
                      const Convolution<T>& c, const GemmCut& cut) {
  launch_convolve<0>(context, c, 1, cut, [&](int, int) { return conv_forward(p); });
}
template <class T>
GemmCut forward_cut(const kernels::Conv2dProblem& p, const Convolution<T>& c) {
  return GemmCut::of<T>(c.y.pixels(), c.y.channels, long{p.kernel} * p.kernel * p.in_channels,
                        c.in_fours(c.mask.groups));
}

/// y = select(conv^T(scale * x, weight) + bias, mask): p is the convolution from y to x.
template <class T>
void convolve_backward(const Context<Cuda>& context, const kernels::Conv2dProblem& p,
                       const Convolution<T>& c, const GemmCut& cut) {
  launch_convolve<1>(context, c, p.stride, cut,
                     [&](int row, int column) { return conv_backward(p, row, column); });
}
template <class T>
GemmCut backward_cut(const kernels::Conv2dProblem& p, const Convolution<T>& c) {
  const auto up = [&](long n) { return (n + p.stride - 1) / p.stride; };
  const long taps = up(p.kernel) * up(p.kernel);
  return GemmCut::of<T>(p.batch * up(p.in_height) * up(p.in_width), p.in_channels,
                        taps * p.out_channels, c.in_fours({}), long{p.stride} * p.stride);
}

}  // namespace tessera::cuda
