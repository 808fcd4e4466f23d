// SPDX-License-Identifier: BSD-3-Clause
// Forward of the convolution on the CPU: y = scale * (select(x, valid) * w) + bias.
// Per group of images: pack the selected, zero-padded input, then sweep it with register tiles.
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

/// One group of images.
template <class T>
void forward_group(const ForwardPlan<T>& plan, const Group& group, View<const T> x, ValidView valid,
                   const T* panels, const T* bias, const T* scale, View<T> y, std::byte* scratch) {
  const Conv2dProblem& p = plan.p;
  Carver carver(scratch);
  T* packed = carver.take<T>(plan.cut.images * plan.patch.image_step());  // [images, rows, cols, I]
  Unit* units = carver.take<Unit>(plan.pixels);
  T* partial = carver.take<T>(0);
  Patch patch = plan.patch;
  patch.top = group.row * p.stride - p.padding;
  patch.rows = p.stride * (group.rows - 1) + p.kernel;
  for (std::ptrdiff_t n = 0; n < group.images; ++n)
    pack_image(packed + n * patch.image_step(), patch, x, group.image + n, SelectValid{valid});

  const PixelGrid grid{{group.images, group.rows, p.out_width},
                       {patch.image_step(), p.stride * patch.row_step(),
                        std::ptrdiff_t{p.stride} * p.in_channels},
                       {std::ptrdiff_t{p.out_height} * p.out_width, p.out_width, 1},
                       0,
                       (group.image * p.out_height + group.row) * p.out_width};
  Sweep<T> s;
  s.x = packed;
  s.row_step = patch.row_step();
  s.rows = p.kernel;
  s.run = plan.run;
  s.y = y.data;
  s.y_stride = y.stride;
  s.channels = p.out_channels;
  s.bias = bias;
  s.scale = scale;
  run_sweep(s, grid, panels, units, partial);
}

template <class T>
void forward(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x, ValidView valid,
             const T* weight, const T* bias, const T* scale, View<T> y, std::byte* workspace) {
  const ForwardPlan<T> plan(p);
  T* panels = reinterpret_cast<T*>(workspace);  // [panels][K, K, I][N*V]
  const std::ptrdiff_t steps = p.kernel * plan.run;
  parallel_for(context, panel_count<T>(p.out_channels), [&](std::ptrdiff_t i) {
    const std::ptrdiff_t c = i * panel_width<T>;
    pack_panel(panels + c * steps, weight, steps, p.out_channels, c);
  });
  parallel_for(context, plan.cut.lanes(), [&](std::ptrdiff_t lane) {
    std::byte* scratch =
        workspace + plan.weight_bytes + static_cast<std::size_t>(lane) * plan.lane_bytes;
    const std::ptrdiff_t last = plan.cut.lane_begin(lane + 1);
    for (std::ptrdiff_t g = plan.cut.lane_begin(lane); g < last; ++g)
      forward_group(plan, plan.cut.group(g), x, valid, panels, bias, scale, y, scratch);
  });
}

}  // namespace cpu

template <int Kernel, int Stride, class T>
void conv2d_forward(const Context<Cpu>& context, const Conv2dProblem& problem, View<const T> x,
                    ValidView valid, const T* weight, const T* bias, const T* scale, View<T> y,
                    std::byte* workspace) {
  Conv2dProblem p = problem;
  if constexpr (Kernel > 0) p.kernel = Kernel, p.stride = Stride;
  if constexpr (Kernel == 0 || (Kernel == 3 && Stride == 1))
    if (cpu::winograd_pays(p))
      return cpu::winograd_forward(context, p, x, valid, weight, bias, scale, y, workspace);
  if constexpr (Kernel == 0 || (Kernel > 1 && Stride == 1))
    if (cpu::forward_is_narrow<T>(p))
      return cpu::narrow<Kernel, Stride>(context, cpu::narrow_forward(p), x, cpu::SelectValid{valid},
                                    weight, cpu::NarrowFinish<T>{bias, scale, {}}, y, workspace);
  cpu::forward(context, p, x, valid, weight, bias, scale, y, workspace);
}

}  // namespace tessera::kernels
