// SPDX-License-Identifier: BSD-3-Clause
// Convolutions with very few output channels C (the images a network takes and makes): direct tiles
// would leave most lanes empty, so taps and channels fill the vectors together,
//   z[q, (u,v,c)] = sum_k src[q, k] * w[k, (u,v,c)]
//   out[p, c]     = sum_{u,v} z[(p + P - (u,v)) / S, (u,v,c)]   over the (u,v) that divide evenly:
// a transposed convolution, or a plain one of stride 1 with flipped taps.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>

#include <tessera/kernels/conv2d.hpp>
#include <tessera/kernels/cpu/conv2d_pack.hpp>
#include <tessera/kernels/cpu/conv2d_sweep.hpp>

namespace tessera::kernels::cpu {

/// Channels that one step of the gather adds at a time.
inline constexpr int narrow_channels = 4;

template <class T>
constexpr bool is_narrow(int channels, int kernel) {
  return kernel > 1 && channels <= narrow_channels && 2 * channels <= simd::width<T>;
}
constexpr std::ptrdiff_t divide_down(std::ptrdiff_t a, std::ptrdiff_t b) {
  return a >= 0 ? a / b : -divide_up(-a, b);
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
  std::ptrdiff_t left = 0, columns = 0;          // first column of z (<= 0) and their number
  std::ptrdiff_t rows = 0;                       // rows of z of a whole group's image
  std::ptrdiff_t slots = 0, z_step = 0;          // taps * channels; the same in whole vectors
  std::size_t weight_bytes = 0, lane_bytes = 0;

  constexpr explicit NarrowPlan(const NarrowProblem& problem) : p(problem) {
    slots = p.kernel * p.kernel * p.channels;
    z_step = divide_up(slots, simd::width<T>) * simd::width<T>;
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

/// panels [z_step / (N*V)][in][N*V] of w[k, (u,v,c)].
template <class T>
void pack_narrow_weights(const NarrowProblem& p, const T* weight, T* panels) {
  const std::ptrdiff_t taps = p.kernel * p.kernel, slots = taps * p.channels;
  for (std::ptrdiff_t c = 0; c < slots; c += panel_width<T>) {
    T* panel = panels + c * p.in_channels;
    if (!p.flipped) {
      pack_panel_transposed(panel, weight, slots, p.in_channels, c);
      continue;
    }
    const std::ptrdiff_t wide = panel_vectors<T>(slots - c) * simd::width<T>;
    for (std::ptrdiff_t k = 0; k < p.in_channels; ++k)
      for (std::ptrdiff_t i = 0; i < wide; ++i) {
        const std::ptrdiff_t slot = c + i, tap = taps - 1 - slot / p.channels;
        panel[k * wide + i] =
            slot < slots ? weight[(tap * p.in_channels + k) * p.channels + slot % p.channels] : T(0);
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
};

/// Where the output pixels of an image row take their sums from, and what happens to them then.
template <class T>
struct NarrowRow {
  const T* z;               // [rows, columns, z_step]
  std::ptrdiff_t top;       // source row of z's first row
  std::ptrdiff_t h, pixel;  // output row; index of its first pixel
};

template <class T>
void gather_narrow_row(const NarrowPlan<T>& plan, const NarrowRow<T>& row, const T* bias,
                       const T* scale, MaskView out_valid, const View<T>& out) {
  const NarrowProblem& p = plan.p;
  const std::ptrdiff_t tap_step = p.stride * p.channels - plan.z_step;
  const std::ptrdiff_t u0 = (row.h + p.padding) % p.stride;
  const T* z = row.z + ((row.h + p.padding) / p.stride - row.top) * plan.columns * plan.z_step;
  for (std::ptrdiff_t w = 0; w < p.out_width; ++w) {
    const std::ptrdiff_t v0 = (w + p.padding) % p.stride;
    const T* from = z + ((w + p.padding) / p.stride - plan.left) * plan.z_step;
    Quad<T> sum;
    for (std::ptrdiff_t u = u0; u < p.kernel; u += p.stride) {
      const T* tap = from + (u * p.kernel + v0) * p.channels -
                     (u - u0) / p.stride * plan.columns * plan.z_step;
      for (std::ptrdiff_t v = v0; v < p.kernel; v += p.stride, tap += tap_step) sum.add(tap);
    }
    const std::ptrdiff_t pixel = row.pixel + w;
    T* to = out.pixel(pixel);
    for (std::ptrdiff_t c = 0; c < p.channels; ++c) {
      T value = sum.lanes[c];
      if (scale) value *= scale[pixel];
      if (bias) value += bias[c];
      to[c] = scale && scale[pixel] == T(0) ? T(0) : value;
    }
    if (out_valid) zero_holes(to, out_valid, pixel, p.channels);
  }
}

/// z of a group: from the view itself where every pixel counts, else from a packed copy.
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
  if (copy_pixel.plain()) {
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

template <class T, class CopyPixel>
void narrow(const Context<Cpu>& context, const NarrowProblem& p, View<const T> src,
            const CopyPixel& copy_pixel, const T* weight, const T* bias, const T* scale,
            MaskView out_valid, View<T> out, std::byte* workspace) {
  const NarrowPlan<T> plan(p);
  T* panels = reinterpret_cast<T*>(workspace);
  pack_narrow_weights(p, weight, panels);
  parallel_for(context, plan.cut.lanes(), [&](std::ptrdiff_t lane) {
    std::byte* scratch =
        workspace + plan.weight_bytes + static_cast<std::size_t>(lane) * plan.lane_bytes;
    T* z = reinterpret_cast<T*>(scratch);
    const std::ptrdiff_t last = plan.cut.lane_begin(lane + 1);
    for (std::ptrdiff_t g = plan.cut.lane_begin(lane); g < last; ++g) {
      const Group group = plan.cut.group(g);
      const std::ptrdiff_t top = plan.first_source(group.row);
      const std::ptrdiff_t rows = plan.last_source(group.row + group.rows - 1) + 1 - top;
      for (std::ptrdiff_t n = 0; n < group.images; ++n)
        zero_narrow_border(plan, z + n * rows * plan.columns * plan.z_step, top, rows);
      narrow_products(plan, group, src, copy_pixel, panels, top, rows, scratch);
      for (std::ptrdiff_t n = 0; n < group.images; ++n)
        for (std::ptrdiff_t h = group.row; h < group.row + group.rows; ++h)
          gather_narrow_row(plan,
                            {z + n * rows * plan.columns * plan.z_step, top, h,
                             ((group.image + n) * p.out_height + h) * p.out_width},
                            bias, scale, out_valid, out);
    }
  });
}

}  // namespace tessera::kernels::cpu
