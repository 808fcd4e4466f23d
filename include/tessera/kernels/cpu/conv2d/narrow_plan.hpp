// SPDX-License-Identifier: BSD-3-Clause
// When a convolution counts as narrow (very few output channels, see conv2d_narrow.hpp), and the
// sizes and scratch of one, by shape alone.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/sizes.hpp>
#include <tessera/tensor/conv2d_problem.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// Channels that one step of the gather adds at a time.
inline constexpr int narrow_channels = 4;

template <class T>
constexpr bool is_narrow(int channels, int kernel) {
  return kernel > 1 && channels <= narrow_channels && 2 * channels <= vector_width<T>;
}
constexpr std::ptrdiff_t divide_down(std::ptrdiff_t a, std::ptrdiff_t b) {
  return a >= 0 ? a / b : -divide_up(-a, b);
}

/// Whether the source is read where it lies. Several shares of the reduction would read it as
/// often, in short strided pieces: then a copy, made in one stream, is faster.
template <class T>
constexpr bool narrow_in_place(std::ptrdiff_t in_channels, bool every_pixel) {
  return every_pixel && in_channels <= share_steps<T>;
}

/// A transposed convolution src [N, h, w, K] -> out [N, H, W, C].
struct NarrowProblem {
  std::ptrdiff_t batch, height, width, in_channels;
  std::ptrdiff_t out_height, out_width, channels;
  std::ptrdiff_t kernel, stride, padding;
  bool flipped;  // weight is [K, K, in, C] with flipped taps, otherwise [K, K, C, in]
};

template <class T>
struct NarrowPlan {
  NarrowProblem p;
  GroupCut cut;
  std::ptrdiff_t left = 0, columns = 0;  // first column of z (<= 0) and their number
  std::ptrdiff_t rows = 0;               // rows of z of a whole group's image
  std::ptrdiff_t places = 0, z_step = 0;  // taps * channels; the same in whole vectors
  std::size_t weight_bytes = 0, lane_bytes = 0;

  constexpr explicit NarrowPlan(const NarrowProblem& problem) : p(problem) {
    places = p.kernel * p.kernel * p.channels;
    z_step = divide_up(places, vector_width<T>) * vector_width<T>;
    left = first_source(0);
    columns = last_source(p.out_width - 1) + 1 - left;
    const std::ptrdiff_t row = columns * (z_step + p.in_channels) / p.stride + 1;
    cut = cut_groups(p.batch, p.out_height, p.out_width, static_cast<std::size_t>(row) * sizeof(T));
    rows = (cut.rows + p.kernel - 2) / p.stride + 2;
    Carver weights, lane;
    weights.measure<T>(z_step * p.in_channels);
    lane.measure<T>(z_elements());
    lane.measure<Unit>(cut.images * rows * columns);
    lane.measure<T>(cut.images * source_patch(rows).image_step());
    lane.measure<T>(partial_elements<T>(cut.images * rows * columns, p.in_channels));
    weight_bytes = weights.used();
    lane_bytes = lane.used();
  }
  /// First and last source row (or column) that output row (or column) h reads.
  constexpr std::ptrdiff_t first_source(std::ptrdiff_t h) const {
    return divide_down(h + p.padding - (p.kernel - 1), p.stride);
  }
  constexpr std::ptrdiff_t last_source(std::ptrdiff_t h) const {
    return divide_down(h + p.padding, p.stride);
  }
  /// z of a group; the gather may read a few elements beyond the last slot.
  constexpr std::ptrdiff_t z_elements() const {
    return cut.images * rows * columns * z_step + narrow_channels;
  }
  constexpr Patch source_patch(std::ptrdiff_t source_rows) const {
    return {0, 0, source_rows, p.width, p.in_channels};
  }
  constexpr std::size_t bytes() const {
    return weight_bytes + static_cast<std::size_t>(cut.lanes()) * lane_bytes;
  }
};

/// The plain convolution as a transposed one of stride 1, for the narrow path.
constexpr NarrowProblem narrow_forward(const Conv2dProblem& p) {
  return {p.batch,       p.in_height, p.in_width,   p.in_channels,       p.out_height,
          p.out_width, p.out_channels, p.kernel, 1, p.kernel - 1 - p.padding, true};
}
template <class T>
constexpr bool forward_is_narrow(const Conv2dProblem& p) {
  return p.stride == 1 && is_narrow<T>(p.out_channels, p.kernel);
}

constexpr NarrowProblem narrow_backward(const Conv2dProblem& p) {
  return {p.batch,    p.out_height,  p.out_width, p.out_channels, p.in_height,
          p.in_width, p.in_channels, p.kernel,    p.stride,       p.padding,
          false};
}

}  // namespace tessera::kernels::cpu
