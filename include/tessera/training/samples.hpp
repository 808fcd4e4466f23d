// SPDX-License-Identifier: BSD-3-Clause
// A picture of what a model restores: masked | restored | truth, a row for each image.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

#include <tessera/tensor/tensor.hpp>
#include <tessera/training/callbacks.hpp>

namespace tessera {

/// The colour of holes in the column `masked`: magenta, which photographs hardly hold.
inline constexpr std::array<float, 3> hole_colour{1.0f, 0.0f, 1.0f};

/// The grid as one image `[1, H', W', 3]` on white. Images of other than three channels are shown
/// by their first; small ones are enlarged by a whole factor, to about 96 pixels, each pixel a
/// square.
///
/// Shapes  truth and restored [N, H, W, C], hole [N, H, W], not 0 = hole
/// Errors  ShapeError if they do not belong together
inline Tensor<float> sample_grid(const Samples& samples) {
  const View<const float> truth = samples.truth.view(), restored = samples.restored.view();
  if (truth.batch < 1 || truth.batch != restored.batch || truth.shape() != restored.shape() ||
      samples.hole.size() != static_cast<std::size_t>(truth.pixels()))
    throw ShapeError("sample_grid: expected truth, restored and holes of the same images, got " +
                     std::to_string(truth.batch) + " of " + to_string(truth.shape()) + ", " +
                     std::to_string(restored.batch) + " of " + to_string(restored.shape()) +
                     " and holes of " + std::to_string(samples.hole.size()) + " pixels");
  constexpr int gap = 4;
  const int zoom = std::max(1, 96 / std::max(truth.height, truth.width));
  const int height = truth.height * zoom + gap, width = truth.width * zoom + gap;
  Tensor<float> grid(1, Shape{truth.batch * height + gap, 3 * width + gap, 3});
  grid.fill(1.0f);
  for (int n = 0; n < truth.batch; ++n)
    for (int column = 0; column < 3; ++column)
      for (int y = 0; y < truth.height * zoom; ++y)
        for (int x = 0; x < truth.width * zoom; ++x) {
          const std::ptrdiff_t pixel =
              (std::ptrdiff_t{n} * truth.height + y / zoom) * truth.width + x / zoom;
          const bool hole = column == 0 && samples.hole[static_cast<std::size_t>(pixel)];
          const float* const from = (column == 1 ? restored : truth).pixel(pixel);
          float* const to = grid.view().pixel(0, gap + n * height + y, gap + column * width + x);
          for (int c = 0; c < 3; ++c)
            to[c] =
                hole ? hole_colour[static_cast<std::size_t>(c)] : from[truth.channels == 3 ? c : 0];
        }
  return grid;
}

}  // namespace tessera
