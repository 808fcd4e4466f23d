// SPDX-License-Identifier: BSD-3-Clause
// How images with holes enter a network: 0 in the holes, and the mask of valid pixels where the
// network takes one.
#pragma once
#include <algorithm>
#include <cstdint>
#include <span>

#include <tessera/data/masks.hpp>
#include <tessera/inference/detail/padding.hpp>
#include <tessera/kernels/masked_input.hpp>
#include <tessera/network/pass.hpp>
#include <tessera/tensor/check_holes.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>
#include <tessera/tensor/transfer.hpp>

namespace tessera {

/// Writes images and the mask of holes, if any, into a pass's input, 0 in the holes. Errors:
/// ShapeError if batch, size or channels differ
template <class Device, class T>
void write_masked(Pass<Device, T>& pass, View<const float> images, HoleView hole) {
  const View<T> x = pass.input();
  if (images.batch != x.batch || images.shape() != x.shape())
    throw ShapeError(text({"masked input: the pass takes ", x.batch, " of ", to_string(x.shape()),
                           ", got ", images.batch, " of ", to_string(images.shape())}));
  detail::check_holes("masked input", hole, x.batch, x.shape());
  write_from_host(pass.context(), x, pass.input_valid(), [&](View<T> to, MutableValidView valid) {
    kernels::masked_input(pass.context().host(), images, hole, to, valid);
  });
}
/// The same, and runs the pass.
template <class Device, class T>
void run_on_masked(Pass<Device, T>& pass, View<const float> images, HoleView hole) {
  write_masked(pass, images, hole);
  pass.forward();
}

/// A part of one of several images that are padded by reflection: rows from `top` on, columns from
/// `left` on, as many as the pass takes.
struct Cutting {
  int image = 0, top = 0, left = 0;
};

/// The same for cuttings of images `[N, H, W]`, one for each image of the pass's batch. `read(p,
/// values)` writes pixel p of `[N, H, W]`, the channels as T; `hole` `[N, H, W]`, may be empty.
template <class Device, class T, class Read>
void run_on_cuttings(Pass<Device, T>& pass, int height, int width,
                     std::span<const Cutting> cuttings, HoleView hole, const Read& read) {
  const auto write = [&](View<T> x, MutableValidView valid) {
    parallel_for(pass.context().host(), std::ptrdiff_t{x.batch} * x.height,
                 [&](std::ptrdiff_t row) {
                   const Cutting& cut = cuttings[static_cast<std::size_t>(row / x.height)];
                   const int h = reflected(cut.top + static_cast<int>(row % x.height), height);
                   const std::ptrdiff_t source = (std::ptrdiff_t{cut.image} * height + h) * width;
                   for (int w = 0; w < x.width; ++w) {
                     const std::ptrdiff_t from = source + reflected(cut.left + w, width);
                     const std::ptrdiff_t to = row * x.width + w;
                     const bool missing = hole.missing(from);
                     if (missing) std::fill_n(x.pixel(to), x.channels, T(0));
                     else read(from, x.pixel(to));
                     if (valid) *valid.pixel(to) = !missing;
                   }
                 });
  };
  write_from_host(pass.context(), pass.input(), pass.input_valid(), write);
  pass.forward();
}

}  // namespace tessera
