// SPDX-License-Identifier: BSD-3-Clause
// Input gradient of the convolution on the CPU: dx = select(conv^T(scale * dy, w), valid).
// A stride of S splits dx into S*S phases by (h + P) mod S, (w + P) mod S; each is a plain
// convolution of dy, stride 1, with the taps of its phase in reverse order: no work on zeros.
#pragma once
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/forward_plan.hpp>
#include <tessera/kernels/cpu/conv2d/narrow.hpp>
#include <tessera/kernels/cpu/conv2d/pack.hpp>
#include <tessera/kernels/cpu/conv2d/sweep.hpp>
#include <tessera/kernels/cpu/conv2d/winograd_forward.hpp>
#include <tessera/kernels/cpu/conv2d/workspace.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {
namespace cpu {

/// Where the weights of a phase begin: all phases of rows before, then of columns before.
template <class T>
constexpr std::ptrdiff_t phase_offset(const BackwardInputPlan<T>& plan, std::ptrdiff_t row_phase,
                                      std::ptrdiff_t column_phase) {
  std::ptrdiff_t rows = 0, columns = 0;
  for (std::ptrdiff_t i = 0; i < row_phase; ++i) rows += plan.phase_taps(i);
  for (std::ptrdiff_t i = 0; i < column_phase; ++i) columns += plan.phase_taps(i);
  const std::ptrdiff_t taps = rows * plan.p.kernel + plan.phase_taps(row_phase) * columns;
  return taps * plan.p.out_channels * panel_count<T>(plan.p.in_channels) * panel_width<T>;
}

/// Per phase: [panels][taps][taps][O][N*V], taps in reverse order. One task: a panel of a phase.
template <class T>
void pack_phase_panel(const BackwardInputPlan<T>& plan, const T* weight, std::ptrdiff_t row_phase,
                      std::ptrdiff_t column_phase, std::ptrdiff_t c, T* panels) {
  const Conv2dProblem& p = plan.p;
  const std::ptrdiff_t nu = plan.phase_taps(row_phase), nv = plan.phase_taps(column_phase);
  const std::ptrdiff_t wide = panel_vectors<T>(p.in_channels - c) * simd::width<T>;
  T* panel = panels + phase_offset(plan, row_phase, column_phase) + c * nu * nv * p.out_channels;
  for (std::ptrdiff_t j = nu - 1; j >= 0; --j)
    for (std::ptrdiff_t k = nv - 1; k >= 0; --k, panel += p.out_channels * wide) {
      const std::ptrdiff_t u = row_phase + j * p.stride, v = column_phase + k * p.stride;
      const T* tap = weight + (u * p.kernel + v) * p.in_channels * p.out_channels;
      pack_panel_transposed(panel, tap, p.in_channels, p.out_channels, c);
    }
}

/// dx of one phase of a group; zeros where the phase has no taps.
template <class T>
void backward_input_phase(const BackwardInputPlan<T>& plan, const Group& group, const Patch& patch,
                          std::ptrdiff_t row_phase, std::ptrdiff_t column_phase, const T* packed,
                          const T* panels, View<T> dx, Unit* units, T* partial) {
  const Conv2dProblem& p = plan.p;
  const std::ptrdiff_t nu = plan.phase_taps(row_phase), nv = plan.phase_taps(column_phase);
  const std::ptrdiff_t top = plan.first_row + group.row;
  const std::ptrdiff_t a0 = std::max(top, plan.first(row_phase));
  const std::ptrdiff_t a1 = std::min(top + group.rows, plan.last(row_phase, p.in_height));
  const std::ptrdiff_t b0 = plan.first(column_phase), b1 = plan.last(column_phase, p.in_width);
  if (a0 >= a1 || b0 >= b1) return;
  const std::ptrdiff_t h0 = p.stride * a0 + row_phase - p.padding;
  const std::ptrdiff_t w0 = p.stride * b0 + column_phase - p.padding;
  const std::ptrdiff_t image = std::ptrdiff_t{p.in_height} * p.in_width;
  PixelGrid grid{{group.images, a1 - a0, b1 - b0},
                 {patch.image_step(), patch.row_step(), patch.channels},
                 {image, std::ptrdiff_t{p.stride} * p.in_width, p.stride},
                 (a0 - top + plan.taps - nu) * patch.row_step() +
                     (b0 - plan.first_column + plan.taps - nv) * patch.channels,
                 group.image * image + h0 * p.in_width + w0};
  if (nu == 0 || nv == 0) {
    for (std::ptrdiff_t n = 0; n < grid.count[0]; ++n)
      for (std::ptrdiff_t a = 0; a < grid.count[1]; ++a)
        for (std::ptrdiff_t b = 0; b < grid.count[2]; ++b)
          zero_channels(dx.pixel(grid.y + n * grid.y_step[0] + a * grid.y_step[1] + b * p.stride),
                        p.in_channels);
    return;
  }
  Sweep<T> s;
  s.x = packed;
  s.row_step = patch.row_step();
  s.rows = nu;
  s.run = nv * p.out_channels;
  s.y = dx.data;
  s.y_stride = dx.stride;
  s.channels = p.in_channels;
  run_sweep(s, grid, panels + phase_offset(plan, row_phase, column_phase), units, partial);
}

/// All phases of one group of images.
template <class T>
void backward_input_group(const BackwardInputPlan<T>& plan, const Group& group, View<const T> dy,
                          ValidView valid, const T* panels, const T* scale, View<T> dx,
                          std::byte* scratch) {
  const Conv2dProblem& p = plan.p;
  Carver carver(scratch);
  T* packed = carver.take<T>(plan.cut.images * plan.patch.image_step());  // [images, rows, cols, O]
  Unit* units = carver.take<Unit>(plan.pixels);
  T* partial = carver.take<T>(0);
  const std::ptrdiff_t top = plan.first_row + group.row;
  Patch patch = plan.patch;
  patch.top = top - (plan.taps - 1);
  patch.rows = group.rows + plan.taps - 1;
  for (std::ptrdiff_t n = 0; n < group.images; ++n)
    pack_image(packed + n * patch.image_step(), patch, dy, group.image + n, ScaleOrZero<T>{scale});
  for (std::ptrdiff_t i = 0; i < p.stride; ++i)
    for (std::ptrdiff_t j = 0; j < p.stride; ++j)
      backward_input_phase(plan, group, patch, i, j, packed, panels, dx, units, partial);
  if (!valid) return;
  const std::ptrdiff_t height = p.in_height, zero = 0;
  const std::ptrdiff_t h0 = std::clamp(p.stride * top - p.padding, zero, height);
  const std::ptrdiff_t h1 = std::clamp(p.stride * (top + group.rows) - p.padding, zero, height);
  for (std::ptrdiff_t n = 0; n < group.images; ++n)
    zero_dx_holes(dx, valid, group.image + n, h0, h1);
}

template <class T>
void backward_input(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> dy,
                    ValidView valid, const T* weight, const T* scale, View<T> dx,
                    std::byte* workspace) {
  const BackwardInputPlan<T> plan(p);
  T* panels = reinterpret_cast<T*>(workspace);
  const std::ptrdiff_t count = panel_count<T>(p.in_channels), phases = p.stride * p.stride;
  parallel_for(context, count * phases, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t phase = i / count, c = i % count * panel_width<T>;
    pack_phase_panel(plan, weight, phase / p.stride, phase % p.stride, c, panels);
  });
  parallel_for(context, plan.cut.lanes(), [&](std::ptrdiff_t lane) {
    std::byte* scratch =
        workspace + plan.weight_bytes + static_cast<std::size_t>(lane) * plan.lane_bytes;
    const std::ptrdiff_t last = plan.cut.lane_begin(lane + 1);
    for (std::ptrdiff_t g = plan.cut.lane_begin(lane); g < last; ++g)
      backward_input_group(plan, plan.cut.group(g), dy, valid, panels, scale, dx, scratch);
  });
}

}  // namespace cpu

template <int Kernel, int Stride, class T>
void conv2d_backward_input(const Context<Cpu>& context, const Conv2dProblem& problem,
                           View<const T> dy, ValidView valid, const T* weight, const T* scale,
                           View<T> dx, std::byte* workspace) {
  Conv2dProblem p = problem;
  if constexpr (Kernel > 0) p.kernel = Kernel, p.stride = Stride;
  if constexpr (Kernel == 0 || (Kernel == 3 && Stride == 1))
    if (cpu::winograd_pays(p))
      return cpu::winograd_backward_input(context, p, dy, valid, weight, scale, dx, workspace);
  if constexpr (Kernel != 1)
    if (cpu::is_narrow<T>(p.in_channels, p.kernel))
      return cpu::narrow<Kernel, Stride>(context, cpu::narrow_backward(p), dy,
                                         cpu::ScaleOrZero<T>{scale}, weight,
                                         cpu::NarrowFinish<T>{nullptr, nullptr, valid}, dx,
                                         workspace);
  cpu::backward_input(context, p, dy, valid, weight, scale, dx, workspace);
}

}  // namespace tessera::kernels
