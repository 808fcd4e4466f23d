// SPDX-License-Identifier: BSD-3-Clause
// Convolutions with very few output channels C (the images a network takes and makes): direct tiles
// would leave most lanes empty, so taps and channels fill the vectors together,
//   z[q, (u,v,c)] = sum_k src[q, k] * w[k, (u,v,c)]
//   out[p, c]     = sum_{u,v} z[(p + P - (u,v)) / S, (u,v,c)]   over the (u,v) that divide evenly:
// a transposed convolution, or a plain one of stride 1 with flipped taps.
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>
#include <cstring>

#include <tessera/kernels/cpu/conv2d/narrow_plan.hpp>
#include <tessera/kernels/cpu/conv2d/pack.hpp>
#include <tessera/kernels/cpu/conv2d/sweep.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

/// panels [z_step / (N*V)][in][N*V] of w[k, (u,v,c)].
template <class T>
void pack_narrow_weights(const NarrowProblem& p, const T* weight, T* panels) {
  const std::ptrdiff_t taps = p.kernel * p.kernel, places = taps * p.channels;
  for (std::ptrdiff_t c = 0; c < places; c += panel_width<T>) {
    T* panel = panels + c * p.in_channels;
    if (!p.flipped) {
      pack_panel_transposed(panel, weight, places, p.in_channels, c);
      continue;
    }
    const std::ptrdiff_t wide = panel_vectors<T>(places - c) * simd::width<T>;
    for (std::ptrdiff_t k = 0; k < p.in_channels; ++k)
      for (std::ptrdiff_t i = 0; i < wide; ++i) {
        const std::ptrdiff_t place = c + i, tap = taps - 1 - place / p.channels;
        panel[k * wide + i] =
            place < places ? weight[(tap * p.in_channels + k) * p.channels + place % p.channels]
                         : T(0);
      }
  }
}

/// Rows and columns of z around the source are zero.
template <class T>
void zero_narrow_border(const NarrowPlan<T>& plan, T* z, std::ptrdiff_t top, std::ptrdiff_t rows) {
  const std::ptrdiff_t right = std::max<std::ptrdiff_t>(plan.left + plan.columns - plan.p.width, 0);
  const std::ptrdiff_t row_step = plan.columns * plan.z_step;
  for (std::ptrdiff_t r = 0; r < rows; ++r, z += row_step) {
    if (top + r < 0 || top + r >= plan.p.height) {
      zero_channels(z, row_step);
    } else {
      zero_channels(z, -plan.left * plan.z_step);
      zero_channels(z + (plan.columns - right) * plan.z_step, right * plan.z_step);
    }
  }
}

/// Up to four channels of a pixel, whatever the width of the machine's vectors.
template <class T>
struct Quad {
  typedef T Lanes __attribute__((vector_size(narrow_channels * sizeof(T))));
  Lanes lanes{};
  void add(const T* from) {
    Lanes more;
    std::memcpy(&more, from, sizeof more);
    lanes += more;
  }
  void store(T* to, std::ptrdiff_t channels) const {
    if (channels == 3) std::memcpy(to, &lanes, 3 * sizeof(T));
    else if (channels == 1) std::memcpy(to, &lanes, sizeof(T));
    else std::memcpy(to, &lanes, static_cast<std::size_t>(channels) * sizeof(T));
  }
};

/// Where the output pixels of an image row take their sums from.
template <class T>
struct NarrowRow {
  const T* z;               // [rows, columns, z_step]
  std::ptrdiff_t top;       // source row of z's first row
  std::ptrdiff_t h, pixel;  // output row; index of its first pixel
};

/// What happens to the sums: scale, bias, and zeros where the result is not wanted.
template <class T>
struct NarrowFinish {
  const T* bias;       // [C] or null
  const T* scale;      // [N, H, W] or null
  ValidView out_valid;  // [N, H, W, G] or none
};

/// Kernel and Stride as constants; 0: those of the problem.
template <int Kernel, int Stride, class T>
void gather_narrow_row(const NarrowPlan<T>& plan, const NarrowRow<T>& row,
                       const NarrowFinish<T>& finish, const View<T>& out) {
  const NarrowProblem& p = plan.p;
  const std::ptrdiff_t z_row = plan.columns * plan.z_step;
  const std::ptrdiff_t kernel = Kernel > 0 ? Kernel : p.kernel;
  const std::ptrdiff_t stride = Stride > 0 ? Stride : p.stride;
  const std::ptrdiff_t tap_step = stride * p.channels - plan.z_step;
  const std::ptrdiff_t row_tap_step = stride * kernel * p.channels - z_row;
  const std::ptrdiff_t u0 = (row.h + p.padding) % stride;
  const T* z = row.z + ((row.h + p.padding) / stride - row.top) * z_row + u0 * kernel * p.channels;
  Quad<T> bias;
  for (std::ptrdiff_t c = 0; finish.bias && c < p.channels; ++c) bias.lanes[c] = finish.bias[c];
  for (std::ptrdiff_t w = 0; w < p.out_width; ++w) {
    const std::ptrdiff_t v0 = (w + p.padding) % stride;
    const T* from = z + ((w + p.padding) / stride - plan.left) * plan.z_step + v0 * p.channels;
    Quad<T> sum;
    for (std::ptrdiff_t u = u0; u < kernel; u += stride, from += row_tap_step) {
      const T* tap = from;
#pragma GCC unroll 4
      for (std::ptrdiff_t v = v0; v < kernel; v += stride, tap += tap_step) sum.add(tap);
    }
    const std::ptrdiff_t pixel = row.pixel + w;
    const T factor = finish.scale ? finish.scale[pixel] : T(1);
    sum.lanes = factor == T(0) ? typename Quad<T>::Lanes{} : sum.lanes * factor + bias.lanes;
    T* to = out.pixel(pixel);
    sum.store(to, p.channels);
    if (finish.out_valid) zero_holes(to, finish.out_valid, pixel, p.channels);
  }
}

/// z of a group: from the view itself, or from a packed copy.
template <class T, class CopyPixel>
void narrow_products(const NarrowPlan<T>& plan, const Group& group, const View<const T>& src,
                     const CopyPixel& copy_pixel, const T* panels, std::ptrdiff_t top,
                     std::ptrdiff_t rows, std::byte* scratch) {
  const NarrowProblem& p = plan.p;
  Carver carver(scratch);
  T* z = carver.take<T>(plan.z_elements());
  Unit* units = carver.take<Unit>(plan.cut.images * plan.rows * plan.columns);
  T* packed = carver.take<T>(plan.cut.images * plan.source_patch(plan.rows).image_step());
  T* partial = carver.take<T>(0);
  const std::ptrdiff_t first = std::max<std::ptrdiff_t>(top, 0);
  const std::ptrdiff_t count = std::min(top + rows, p.height) - first;
  if (count <= 0) return;
  Sweep<T> s;
  PixelGrid grid{{group.images, count, std::min(p.width, plan.left + plan.columns)}, {}, {}, 0, 0};
  if (narrow_in_place<T>(p.in_channels, copy_pixel.plain())) {
    s.x = src.pixel((group.image * p.height + first) * p.width);
    grid.x_step[0] = p.height * p.width * src.stride;
    grid.x_step[1] = p.width * src.stride;
    grid.x_step[2] = src.stride;
  } else {
    Patch patch = plan.source_patch(count);
    patch.top = first;
    for (std::ptrdiff_t n = 0; n < group.images; ++n)
      pack_image(packed + n * patch.image_step(), patch, src, group.image + n, copy_pixel);
    s.x = packed;
    grid.x_step[0] = patch.image_step();
    grid.x_step[1] = patch.row_step();
    grid.x_step[2] = p.in_channels;
  }
  grid.y_step[0] = rows * plan.columns;
  grid.y_step[1] = plan.columns;
  grid.y_step[2] = 1;
  grid.y = (first - top) * plan.columns - plan.left;
  s.run = p.in_channels;
  s.y = z;
  s.y_stride = plan.z_step;
  s.channels = plan.z_step;
  run_sweep(s, grid, panels, units, partial);
}

/// One group of images: products of every tap, then their sums.
template <int Kernel, int Stride, class T, class CopyPixel>
void narrow_group(const NarrowPlan<T>& plan, const Group& group, const View<const T>& src,
                  const CopyPixel& copy_pixel, const T* panels, const NarrowFinish<T>& finish,
                  const View<T>& out, std::byte* scratch) {
  const std::ptrdiff_t top = plan.first_source(group.row);
  const std::ptrdiff_t rows = plan.last_source(group.row + group.rows - 1) + 1 - top;
  const std::ptrdiff_t image = rows * plan.columns * plan.z_step;
  T* z = reinterpret_cast<T*>(scratch);  // [images, rows, columns, z_step]
  for (std::ptrdiff_t n = 0; n < group.images; ++n)
    zero_narrow_border(plan, z + n * image, top, rows);
  narrow_products(plan, group, src, copy_pixel, panels, top, rows, scratch);
  for (std::ptrdiff_t n = 0; n < group.images; ++n)
    for (std::ptrdiff_t h = group.row; h < group.row + group.rows; ++h) {
      const std::ptrdiff_t pixel = ((group.image + n) * plan.p.out_height + h) * plan.p.out_width;
      gather_narrow_row<Kernel, Stride>(plan, NarrowRow<T>{z + n * image, top, h, pixel}, finish,
                                        out);
    }
}

template <int Kernel, int Stride, class T, class CopyPixel>
void narrow(const Context<Cpu>& context, const NarrowProblem& p, View<const T> src,
            const CopyPixel& copy_pixel, const T* weight, const NarrowFinish<T>& finish,
            View<T> out, std::byte* workspace) {
  if constexpr (Kernel == 0) {  // the windows that occur at full speed, any other by its numbers
    const auto is = [&](int kernel, int stride) { return p.kernel == kernel && p.stride == stride; };
    const auto with = [&]<int K, int S>(std::integer_sequence<int, K, S>) {
      narrow<K, S>(context, p, src, copy_pixel, weight, finish, out, workspace);
    };
    if (is(3, 1)) return with(std::integer_sequence<int, 3, 1>{});
    if (is(3, 2)) return with(std::integer_sequence<int, 3, 2>{});
    if (is(4, 2)) return with(std::integer_sequence<int, 4, 2>{});
    if (is(5, 1)) return with(std::integer_sequence<int, 5, 1>{});
    if (is(5, 2)) return with(std::integer_sequence<int, 5, 2>{});
    if (is(7, 1)) return with(std::integer_sequence<int, 7, 1>{});
  }
  const NarrowPlan<T> plan(p);
  T* panels = reinterpret_cast<T*>(workspace);
  pack_narrow_weights(p, weight, panels);
  parallel_for(context, plan.cut.lanes(), [&](std::ptrdiff_t lane) {
    std::byte* scratch =
        workspace + plan.weight_bytes + static_cast<std::size_t>(lane) * plan.lane_bytes;
    const std::ptrdiff_t last = plan.cut.lane_begin(lane + 1);
    for (std::ptrdiff_t g = plan.cut.lane_begin(lane); g < last; ++g)
      narrow_group<Kernel, Stride>(plan, plan.cut.group(g), src, copy_pixel, panels, finish, out,
                                   scratch);
  });
}

}  // namespace tessera::kernels::cpu
