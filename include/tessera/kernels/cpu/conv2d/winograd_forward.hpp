// SPDX-License-Identifier: BSD-3-Clause
// Forward and input gradient of a 3x3 convolution of stride 1 by Winograd's F(2x2, 3x3). The input
// gradient is the same with the filter turned by 180 degrees, channels exchanged, and padding 2 -
// P.
#pragma once
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/sweep.hpp>
#include <tessera/kernels/cpu/conv2d/winograd.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// Where the filters of a panel come from.
template <class T>
struct WinogradWeights {
  const T* weight;  // [3, 3, I, O] of the convolution
  std::ptrdiff_t in, out;
  bool turned;

  /// G g G^T of vectors along O at (i, o).
  template <class Lanes>
  [[gnu::always_inline]] void transform(const Lanes& lanes, std::ptrdiff_t i, std::ptrdiff_t o,
                                        simd::Vector<T> (&u)[4][4]) const {
    simd::Vector<T> g[3][3];
#pragma GCC unroll 3
    for (int a = 0; a < 3; ++a)
#pragma GCC unroll 3
      for (int b = 0; b < 3; ++b) {
        const int tap = turned ? 8 - (3 * a + b) : 3 * a + b;
        g[a][b] = lanes.load(weight + (tap * in + i) * out + o);
      }
    transform_square<3, 4>(g, u, [](const auto& x, auto& y) { transform_filter(x, y); });
  }

  /// Panel of output channels [c, ...) of all products: to [16][product], each [I, N*V].
  void pack(T* to, std::ptrdiff_t product, std::ptrdiff_t c) const {
    const std::ptrdiff_t wide = panel_vectors<T>(out - c) * simd::width<T>;
    const std::ptrdiff_t count = std::min(wide, out - c);
    for (std::ptrdiff_t i = 0; i < in; ++i) {
      T* const at = to + c * in + i * wide;
      simd::for_each_vector<T>(count, [&](auto lanes, std::ptrdiff_t o) {
        simd::Vector<T> u[4][4];
        transform(lanes, i, c + o, u);
        for (int k = 0; k < winograd_products; ++k)
          u[k / 4][k % 4].store_unaligned(at + k * product + o);
      });
    }
  }
  /// The same with channels exchanged: the panel of input channels [c, ...), each [O, N*V].
  void pack_turned(T* to, std::ptrdiff_t product, std::ptrdiff_t c) const {
    constexpr std::ptrdiff_t width = simd::width<T>;
    const std::ptrdiff_t wide = panel_vectors<T>(in - c) * width;
    const std::ptrdiff_t count = std::min(wide, in - c);
    alignas(64) T lines[winograd_products][std::size_t{width}];
    simd::for_each_vector<T>(out, [&](auto lanes, std::ptrdiff_t o) {
      const std::ptrdiff_t rows = std::min(width, out - o);
      T* const at = to + c * out + o * wide;
      for (std::ptrdiff_t i = 0; i < wide; ++i) {
        simd::Vector<T> u[4][4];
        for (auto& row : u)
          for (auto& v : row) v = simd::Vector<T>(T(0));
        if (i < count) transform(lanes, c + i, o, u);
        for (int k = 0; k < winograd_products; ++k) u[k / 4][k % 4].store_aligned(lines[k]);
        for (int k = 0; k < winograd_products; ++k)
          for (std::ptrdiff_t l = 0; l < rows; ++l) at[k * product + l * wide + i] = lines[k][l];
      }
    });
  }
};

/// Y = A^T M A of every tile of an image's rows, then scale and bias, clipped to the output.
template <class T>
void transform_output_tiles(const Conv2dProblem& p, const T* products, std::ptrdiff_t tiles,
                            std::ptrdiff_t tile, std::ptrdiff_t image, std::ptrdiff_t row,
                            std::ptrdiff_t rows, const T* bias, const T* scale, View<T> y) {
  using Vector = simd::Vector<T>;
  const std::ptrdiff_t channels = p.out_channels, columns = divide_up(p.out_width, 2),
                       product = tiles * channels;
  for (std::ptrdiff_t r = row; r < row + rows; ++r)
    for (std::ptrdiff_t c = 0; c < columns; ++c, ++tile) {
      const std::ptrdiff_t high = std::min<std::ptrdiff_t>(2, p.out_height - 2 * r);
      const std::ptrdiff_t wide = std::min<std::ptrdiff_t>(2, p.out_width - 2 * c);
      const std::ptrdiff_t first = (image * p.out_height + 2 * r) * p.out_width + 2 * c;  // pixel
      const T* const from = products + tile * channels;
      simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t o) {
        Vector m[4][4], out[2][2];
#pragma GCC unroll 4
        for (int a = 0; a < 4; ++a)
#pragma GCC unroll 4
          for (int b = 0; b < 4; ++b) m[a][b] = lanes.load(from + (4 * a + b) * product + o);
        transform_square<4, 2>(m, out, [](const auto& v, auto& to) { transform_output(v, to); });
        const Vector shift = bias ? lanes.load(bias + o) : Vector(T(0));
        for (std::ptrdiff_t a = 0; a < high; ++a)
          for (std::ptrdiff_t b = 0; b < wide; ++b) {
            const std::ptrdiff_t pixel = first + a * p.out_width + b;
            const T factor = scale ? scale[pixel] : T(1);
            Vector value = simd::multiply_add(out[a][b], Vector(factor), shift);
            if (factor == T(0)) value = Vector(T(0));
            lanes.store(y.pixel(pixel) + o, value);
          }
      });
    }
}

/// One group: select and pad, transform, sixteen products, transform back.
template <class T, class CopyPixel>
void winograd_group(const WinogradPlan<T>& plan, const Group& group, View<const T> x,
                    const CopyPixel& copy_pixel, const T* panels, const T* bias, const T* scale,
                    View<T> y, std::byte* scratch) {
  const Conv2dProblem& p = plan.p;
  Patch patch = tile_patch(p, group.rows);
  Carver carver(scratch);
  T* const packed = carver.take<T>(plan.cut.images * tile_patch(p, plan.cut.rows).image_step());
  T* const inputs =
      carver.take<T>(winograd_products * plan.tiles * p.in_channels);  // [16, tiles, I]
  T* const products =
      carver.take<T>(winograd_products * plan.tiles * p.out_channels);  // [16, tiles, O]
  Unit* const units = carver.take<Unit>(plan.tiles);
  T* const partial = carver.take<T>(0);
  patch.top = 2 * group.row - p.padding;
  const std::ptrdiff_t each = group.rows * plan.columns, tiles = group.images * each;
  for (std::ptrdiff_t n = 0; n < group.images; ++n) {
    pack_image(packed + n * patch.image_step(), patch, x, group.image + n, copy_pixel);
    transform_input_tiles(packed + n * patch.image_step(), patch, group.rows, plan.columns, tiles,
                          n * each, inputs);
  }
  const PixelGrid grid{{1, 1, tiles}, {0, 0, p.in_channels}, {0, 0, 1}, 0, 0};
  for (int k = 0; k < winograd_products; ++k) {
    Sweep<T> s;
    s.x = inputs + k * tiles * p.in_channels;
    s.run = p.in_channels;
    s.y = products + k * tiles * p.out_channels;
    s.y_stride = s.channels = p.out_channels;
    run_sweep(s, grid, panels + k * plan.panel_elements, units, partial);
  }
  for (std::ptrdiff_t n = 0; n < group.images; ++n)
    transform_output_tiles(p, products, tiles, n * each, group.image + n, group.row, group.rows,
                           bias, scale, y);
}

template <class T, class CopyPixel, class Finish>
void winograd(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x,
              const CopyPixel& copy_pixel, const WinogradWeights<T>& weights, const T* bias,
              const T* scale, View<T> y, std::byte* workspace, const Finish& finish) {
  const WinogradPlan<T> plan(p);
  T* const panels = reinterpret_cast<T*>(workspace);  // [16][panels][I][N*V]
  parallel_for(context, panel_count<T>(p.out_channels), [&](std::ptrdiff_t i) {
    if (weights.turned) weights.pack_turned(panels, plan.panel_elements, i * panel_width<T>);
    else weights.pack(panels, plan.panel_elements, i * panel_width<T>);
  });
  parallel_for(context, plan.cut.lanes(), [&](std::ptrdiff_t lane) {
    std::byte* const scratch =
        workspace + plan.weight_bytes + static_cast<std::size_t>(lane) * plan.lane_bytes;
    for (std::ptrdiff_t g = plan.cut.lane_begin(lane); g < plan.cut.lane_begin(lane + 1); ++g) {
      const Group group = plan.cut.group(g);
      winograd_group(plan, group, x, copy_pixel, panels, bias, scale, y, scratch);
      finish(group);
    }
  });
}

template <class T>
void winograd_forward(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> x,
                      ValidView valid, const T* weight, const T* bias, const T* scale, View<T> y,
                      std::byte* workspace) {
  winograd(context, p, x, SelectValid{valid},
           WinogradWeights<T>{weight, p.in_channels, p.out_channels, false}, bias, scale, y,
           workspace, [](const Group&) {});
}

template <class T>
void winograd_backward_input(const Context<Cpu>& context, const Conv2dProblem& p, View<const T> dy,
                             ValidView valid, const T* weight, const T* scale, View<T> dx,
                             std::byte* workspace) {
  winograd(context, winograd_turned(p), dy, ScaleOrZero<T>{scale},
           WinogradWeights<T>{weight, p.in_channels, p.out_channels, true},
           static_cast<const T*>(nullptr), static_cast<const T*>(nullptr), dx, workspace,
           [&](const Group& group) {
             if (!valid) return;
             const std::ptrdiff_t first = 2 * group.row,
                                  last = std::min<std::ptrdiff_t>(2 * (group.row + group.rows),
                                                                  p.in_height);
             for (std::ptrdiff_t n = group.image; n < group.image + group.images; ++n)
               zero_dx_holes(dx, valid, n, first, last);
           });
}

}  // namespace tessera::kernels::cpu
