// SPDX-License-Identifier: BSD-3-Clause
// Packing for the convolution tiles: weights into panels of two vectors of output channels, images
// into zero-padded patches. Holes and positions of scale 0 are selected away here, so that nothing
// under them, NaN included, reaches a product.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/conv2d/cut.hpp>
#include <tessera/kernels/cpu/conv2d/sizes.hpp>
#include <tessera/kernels/cpu/conv2d/tile.hpp>
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/conv2d_problem.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

template <class T>
inline void copy_channels(T* to, const T* from, std::ptrdiff_t count) {
  simd::for_each_vector<T>(
      count, [&](auto lanes, std::ptrdiff_t i) { lanes.store(to + i, lanes.load(from + i)); });
}
template <class T>
inline void zero_channels(T* to, std::ptrdiff_t count) {
  simd::for_each_vector<T>(
      count, [&](auto lanes, std::ptrdiff_t i) { lanes.store(to + i, simd::Vector<T>(T(0))); });
}

/// A pixel of x: channels whose mask plane is 0 are 0.
struct SelectValid {
  ValidView valid;
  bool plain() const { return !valid; }
  template <class T>
  void operator()(T* to, const T* from, std::ptrdiff_t pixel, std::ptrdiff_t channels) const {
    if (!valid || (valid.groups.count == 1 && *valid.pixel(pixel)))
      return copy_channels(to, from, channels);
    const std::uint8_t* plane = valid.pixel(pixel);
    for (int g = 0; g < valid.groups.count; ++g) {
      const std::ptrdiff_t c = std::min<std::ptrdiff_t>(valid.groups.channels[g], channels);
      if (plane[g]) copy_channels(to, from, c);
      else zero_channels(to, c);
      to += c, from += c, channels -= c;
    }
  }
};

/// Channels under a hole become exactly 0.
template <class T>
inline void zero_holes(T* to, const ValidView& valid, std::ptrdiff_t pixel,
                       std::ptrdiff_t channels) {
  const std::uint8_t* plane = valid.pixel(pixel);
  for (int g = 0; g < valid.groups.count; ++g) {
    const std::ptrdiff_t c = std::min<std::ptrdiff_t>(valid.groups.channels[g], channels);
    if (!plane[g]) zero_channels(to, c);
    to += c, channels -= c;
  }
}

/// dx rows [h0, h1) of an image: zeros under holes.
template <class T>
void zero_dx_holes(const View<T>& dx, const ValidView& valid, std::ptrdiff_t image,
                   std::ptrdiff_t h0, std::ptrdiff_t h1) {
  const std::ptrdiff_t first = (image * dx.height + h0) * dx.width;
  for (std::ptrdiff_t pixel = first; pixel < first + (h1 - h0) * dx.width; ++pixel)
    zero_holes(dx.pixel(pixel), valid, pixel, dx.channels);
}

/// A pixel of dy: dy * scale, 0 where scale is 0.
template <class T>
struct ScaleOrZero {
  const T* scale;  // [pixels] or null
  bool plain() const { return scale == nullptr; }
  void operator()(T* to, const T* from, std::ptrdiff_t pixel, std::ptrdiff_t channels) const {
    if (!scale) return copy_channels(to, from, channels);
    if (scale[pixel] == T(0)) return zero_channels(to, channels);
    const simd::Vector<T> factor(scale[pixel]);
    simd::for_each_vector<T>(channels, [&](auto lanes, std::ptrdiff_t i) {
      lanes.store(to + i, lanes.load(from + i) * factor);
    });
  }
};

/// Fills image `n` of a patch from image `image` of the view.
template <class T, class CopyPixel>
void pack_image(T* patch, const Patch& p, const View<const T>& view, std::ptrdiff_t image,
                const CopyPixel& copy_pixel) {
  const std::ptrdiff_t height = view.height, width = view.width;
  const std::ptrdiff_t c0 = std::clamp<std::ptrdiff_t>(-p.left, 0, p.columns);
  const std::ptrdiff_t c1 = std::clamp<std::ptrdiff_t>(width - p.left, c0, p.columns);
  const bool rows_at_once = copy_pixel.plain() && view.contiguous();
  for (std::ptrdiff_t r = 0; r < p.rows; ++r, patch += p.row_step()) {
    const std::ptrdiff_t h = p.top + r;
    if (h < 0 || h >= height) {
      zero_channels(patch, p.row_step());
      continue;
    }
    zero_channels(patch, c0 * p.channels);
    zero_channels(patch + c1 * p.channels, (p.columns - c1) * p.channels);
    const std::ptrdiff_t first = (image * height + h) * width + p.left;  // pixel of column 0
    if (c0 == c1) continue;
    if (rows_at_once)
      copy_channels(patch + c0 * p.channels, view.pixel(first + c0), (c1 - c0) * p.channels);
    else
      for (std::ptrdiff_t c = c0; c < c1; ++c)
        copy_pixel(patch + c * p.channels, view.pixel(first + c), first + c, p.channels);
  }
}

/// One panel [steps, N*V] of weights [steps, channels] from channel `c` on; the rest is zeros.
template <class T>
void pack_panel(T* panel, const T* weight, std::ptrdiff_t steps, std::ptrdiff_t channels,
                std::ptrdiff_t c) {
  const std::ptrdiff_t wide = panel_vectors<T>(channels - c) * simd::width<T>;
  const std::ptrdiff_t count = std::min(wide, channels - c);
  for (std::ptrdiff_t t = 0; t < steps; ++t, panel += wide) {
    copy_channels(panel, weight + t * channels + c, count);
    if (count < wide) zero_channels(panel + count, wide - count);
  }
}

/// The panel of input channels [c, ...) of one tap, transposed: [O, N*V] from weight [I, O].
template <class T>
void pack_panel_transposed(T* panel, const T* weight, std::ptrdiff_t in, std::ptrdiff_t out,
                           std::ptrdiff_t c) {
  constexpr int block = 16;
  const std::ptrdiff_t wide = panel_vectors<T>(in - c) * simd::width<T>;
  const std::ptrdiff_t count = std::min(wide, in - c);
  std::ptrdiff_t o = 0;
  for (; o + block <= out; o += block)  // a cache line of every row at a time
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const T* from = weight + (c + i) * out + o;
      T* to = panel + o * wide + i;
#pragma GCC unroll 16
      for (int k = 0; k < block; ++k) to[k * wide] = from[k];
    }
  for (; o < out; ++o)
    for (std::ptrdiff_t i = 0; i < count; ++i) panel[o * wide + i] = weight[(c + i) * out + o];
  for (std::ptrdiff_t k = 0; count < wide && k < out; ++k)
    std::fill_n(panel + k * wide + count, wide - count, T(0));
}

}  // namespace tessera::kernels::cpu
