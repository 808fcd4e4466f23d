// SPDX-License-Identifier: BSD-3-Clause
// Permute: another order of height, width and channels.
#pragma once
#include <string_view>

#include <tessera/kernels/permute.hpp>
#include <tessera/layers/layer.hpp>
#include <tessera/layers/run.hpp>

namespace tessera {

/// Another order of a sample's axes (0 height, 1 width, 2 channels): axis k of y is axis
/// (A, B, C)[k] of x. Permute<2, 0, 1> reads every channel as a sequence of its rows, (h, w, c) ->
/// (c, h, w); Permute<1, 2, 0> takes it back.
///
/// y[n, i_0, i_1, i_2] = x[n, j_0, j_1, j_2],   j_A = i_0, j_B = i_1, j_C = i_2
///
/// Shapes     x [N, S_0, S_1, S_2]  ->  y [N, S_A, S_B, S_C]
/// Template   A, B, C  each of 0, 1, 2 once
/// Gradients  x: assigned (=)
/// Errors     masked: there is no rule for a mask whose axes move
template <int A, int B, int C>
struct Permute {
  static constexpr kernels::AxisOrder order{{A, B, C}};
  static_assert(order.valid(), "tessera: Permute needs each of the axes 0, 1 and 2 once");
  static constexpr std::string_view name = "permute";
  static constexpr bool needs_x = false, needs_y = false, strided = true;
  static constexpr Reach reach{0};

  static constexpr ShapeOrComplaint output_shape(Shape in) {
    if (in.masked()) return Complaint::masked;
    return order(in);
  }
  static constexpr std::int64_t flops(Shape, Shape) { return 0; }

  template <class Device, class T>
  static void forward(const Run<Device, T>& run) {
    kernels::permute(run.context(), order, run.x(), run.y());
  }
  template <class Device, class T>
  static void backward(const Run<Device, T>& run) {
    if (run.dx()) kernels::permute(run.context(), order.inverse(), run.dy(), run.dx());
  }
};

}  // namespace tessera
