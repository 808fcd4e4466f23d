// SPDX-License-Identifier: BSD-3-Clause
// Where the windows of a convolution lie, as numbers that its kernels on a GPU get: pixels by their
// number, elements of a window by theirs, and division by multiplication.
#pragma once
#include <algorithm>

#include <tessera/cuda/text.hpp>
#include <tessera/kernels/conv2d.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(conv_windows_text, (),
  // n / divisor for 0 <= n < 2^31.
  struct ConvDivisor {
    int divisor;
    unsigned magic;
    int shift;
    constexpr int quotient(int n) const {
      const unsigned number = static_cast<unsigned>(n);
      const unsigned high =
          static_cast<unsigned>((static_cast<unsigned long>(number) * magic) >> 32);
      return static_cast<int>((high + number) >> shift);
    }
  };
  // A pixel of image n: `image` is the number of the image's first pixel.
  struct ConvPosition {
    int image;
    int h;
    int w;
  };
  // Pixels (n, a, b), counted through; (n, a, b) stands for (stride a + top, stride b + left) of an
  // image [height, width], which may lie outside of it.
  struct ConvGrid {
    int count;
    ConvDivisor area;
    ConvDivisor columns;
    int height;
    int width;
    int stride;
    int top;
    int left;
    // A number beyond the last lies outside of any window.
    constexpr ConvPosition position(int pixel) const {
      if (pixel >= count) return {0, -(1 << 29), 0};
      const int n = area.quotient(pixel);
      const int at = pixel - n * area.divisor;
      const int a = columns.quotient(at);
      return {n * height * width, stride * a + top,
              stride * (at - a * columns.divisor) + left};
    }
  };
  // The elements (u, v, c) of a window, counted through. Tap (u, v) is a step of `direction` (u, v)
  // in the image, and tap (first_row + stride u, first_column + stride v) of the kernel.
  struct ConvWindow {
    int elements;
    ConvDivisor channels;
    ConvDivisor columns;
    int direction;
    int first_row;
    int first_column;
    int stride;
    int kernel;
  };
  // A gathering convolution: each pixel of `target` is the sum over its window, which begins at the
  // pixel of the same number in `source`.
  struct ConvPhase {
    ConvGrid source;
    ConvGrid target;
    ConvWindow window;
  };
  // Phases that one launch computes, blockIdx.z.
  struct ConvPhases {
    ConvPhase phase[16];
  };
)
// clang-format on

constexpr ConvDivisor conv_divisor(int d) {
  const unsigned divisor = static_cast<unsigned>(std::max(d, 1));
  int shift = 0;
  while ((1ul << shift) < divisor) ++shift;
  const unsigned long magic = ((1ul << 32) * ((1ul << shift) - divisor)) / divisor + 1;
  return {static_cast<int>(divisor), static_cast<unsigned>(magic), shift};
}

/// Grid of `batch` x [rows, columns] pixels over images [height, width].
constexpr ConvGrid conv_grid(int batch, int rows, int columns, int height, int width, int stride,
                             int top, int left) {
  return {batch * rows * columns,
          conv_divisor(rows * columns),
          conv_divisor(columns),
          height,
          width,
          stride,
          top,
          left};
}

/// Forward: y [H', W'] from windows of x [H, W].
constexpr ConvPhase conv_forward(const kernels::Conv2dProblem& p) {
  const auto grid = [&](int height, int width, int stride, int origin) {
    return conv_grid(p.batch, p.out_height, p.out_width, height, width, stride, origin, origin);
  };
  return {grid(p.in_height, p.in_width, p.stride, -p.padding),
          grid(p.out_height, p.out_width, 1, 0),
          {p.kernel * p.kernel * p.in_channels, conv_divisor(p.in_channels), conv_divisor(p.kernel),
           1, 0, 0, 1, p.kernel}};
}

/// Backward: along one axis, row h = S a + phase - P of dx sums rows a - u of dy with the kernel's
/// taps phase + S u; so each of the S S phases visits no tap in vain.
constexpr ConvPhase conv_backward(const kernels::Conv2dProblem& p, int row_phase,
                                  int column_phase) {
  struct Axis {
    int first, count, taps;  // rows a of the phase
  };
  const auto axis = [&](int phase, int size) -> Axis {
    const int behind = std::max(p.padding - phase, 0), room = size - 1 + p.padding - phase;
    const int first = (behind + p.stride - 1) / p.stride, last = room < 0 ? 0 : room / p.stride + 1;
    return {first, std::max(last - first, 0),
            std::max(p.kernel - phase + p.stride - 1, 0) / p.stride};
  };
  const Axis rows = axis(row_phase, p.in_height), columns = axis(column_phase, p.in_width);
  const auto grid = [&](int height, int width, int stride, int top, int left) {
    return conv_grid(p.batch, rows.count, columns.count, height, width, stride, top, left);
  };
  return {grid(p.out_height, p.out_width, 1, rows.first, columns.first),
          grid(p.in_height, p.in_width, p.stride, p.stride * rows.first + row_phase - p.padding,
               p.stride * columns.first + column_phase - p.padding),
          {rows.taps * columns.taps * p.out_channels, conv_divisor(p.out_channels),
           conv_divisor(columns.taps), -1, row_phase, column_phase, p.stride, p.kernel}};
}

/// The kernels count pixels and weights in 31 bits. Errors: ArgumentError where these do not do
inline void check_conv_sizes(const kernels::Conv2dProblem& p) {
  constexpr long most = 0x7FFFFFFFl - 1024;
  const long pixels = std::max(static_cast<long>(p.in_height) * p.in_width,
                               static_cast<long>(p.out_height) * p.out_width) *
                      p.batch;
  const long weights = static_cast<long>(p.kernel) * p.kernel * p.in_channels * p.out_channels;
  if (pixels > most || weights > most)
    throw ArgumentError(text({"convolution on a GPU: ", pixels, " pixels, ", weights,
                              " weights; expected at most ", most, " of each"}));
}

}  // namespace tessera::cuda
