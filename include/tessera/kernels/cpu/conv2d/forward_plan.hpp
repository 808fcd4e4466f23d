// SPDX-License-Identifier: BSD-3-Clause
// Sizes and scratch of the direct convolution: forward and input gradient.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/sizes.hpp>
#include <tessera/tensor/conv2d_problem.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// Sizes and scratch of a forward pass.
template <class T>
struct ForwardPlan {
  Conv2dProblem p;
  GroupCut cut;
  Patch patch;  // of a whole group
  std::ptrdiff_t run = 0, pixels = 0;
  std::size_t weight_bytes = 0, lane_bytes = 0;

  constexpr explicit ForwardPlan(const Conv2dProblem& problem) : p(problem) {
    const std::ptrdiff_t columns = std::ptrdiff_t{p.stride} * (p.out_width - 1) + p.kernel;
    run = std::ptrdiff_t{p.kernel} * p.in_channels;
    const std::ptrdiff_t row = p.stride * columns * p.in_channels;
    cut = cut_groups(p.batch, p.out_height, p.out_width, static_cast<std::size_t>(row) * sizeof(T));
    patch = {0, -p.padding, p.stride * (cut.rows - 1) + p.kernel, columns, p.in_channels};
    pixels = cut.images * cut.rows * p.out_width;
    Carver weights, lane;
    weights.measure<T>(panel_count<T>(p.out_channels) * panel_width<T> * p.kernel * run);
    lane.measure<T>(cut.images * patch.image_step());
    lane.measure<Unit>(pixels);
    lane.measure<T>(partial_elements<T>(pixels, p.kernel * run));
    weight_bytes = weights.used();
    lane_bytes = lane.used();
  }
  constexpr std::size_t bytes() const {
    return weight_bytes + static_cast<std::size_t>(cut.lanes()) * lane_bytes;
  }
};

/// Along one axis, dx row h is h = S*a + phase - P with a in [first(phase), last(phase)), and reads
/// dy rows a - j by taps u = phase + S*j.
template <class T>
struct BackwardInputPlan {
  Conv2dProblem p;
  std::ptrdiff_t taps = 0;             // most taps of a phase along an axis: ceil(K / S)
  std::ptrdiff_t first_row = 0, first_column = 0;  // smallest a of all phases
  GroupCut cut;                        // of the rows a
  Patch patch;                         // of dy, for a whole group
  std::ptrdiff_t pixels = 0;           // of one phase
  std::size_t weight_bytes = 0, lane_bytes = 0;

  constexpr explicit BackwardInputPlan(const Conv2dProblem& problem) : p(problem) {
    taps = divide_up(p.kernel, p.stride);
    first_row = first_column = p.padding / p.stride;
    const std::ptrdiff_t rows = (p.in_height - 1 + p.padding) / p.stride + 1 - first_row;
    const std::ptrdiff_t columns = (p.in_width - 1 + p.padding) / p.stride + 1 - first_column;
    const std::ptrdiff_t padded = columns + taps - 1;
    cut = cut_groups(p.batch, rows, columns,
                     static_cast<std::size_t>(padded * p.out_channels) * sizeof(T));
    patch = {0, first_column - (taps - 1), cut.rows + taps - 1, padded, p.out_channels};
    pixels = cut.images * cut.rows * columns;
    Carver weights, lane;
    weights.measure<T>(panel_count<T>(p.in_channels) * panel_width<T> * p.kernel * p.kernel *
                       p.out_channels);
    lane.measure<T>(cut.images * patch.image_step());
    lane.measure<Unit>(pixels);
    lane.measure<T>(partial_elements<T>(pixels, taps * taps * p.out_channels));
    weight_bytes = weights.used();
    lane_bytes = lane.used();
  }
  constexpr std::size_t bytes() const {
    return weight_bytes + static_cast<std::size_t>(cut.lanes()) * lane_bytes;
  }
  /// Taps of a phase along an axis.
  constexpr std::ptrdiff_t phase_taps(std::ptrdiff_t phase) const {
    return phase < p.kernel ? divide_up(p.kernel - phase, p.stride) : 0;
  }
  /// a of the first dx row (column) of a phase, and behind its last one of `size`.
  constexpr std::ptrdiff_t first(std::ptrdiff_t phase) const {
    return divide_up(std::max<std::ptrdiff_t>(p.padding - phase, 0), p.stride);
  }
  constexpr std::ptrdiff_t last(std::ptrdiff_t phase, std::ptrdiff_t size) const {
    const std::ptrdiff_t room = size - 1 + p.padding - phase;
    return room < 0 ? 0 : room / p.stride + 1;
  }
};

}  // namespace tessera::kernels::cpu
