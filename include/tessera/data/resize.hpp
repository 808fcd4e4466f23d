// SPDX-License-Identifier: BSD-3-Clause
// Cutting and resizing of images, in whole numbers: the exact mean, rounded once, so the result is
// the same with every compiler.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tessera/data/image_data.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>

namespace tessera {

/// Rows [top, top + height), columns [left, left + width) of an image.
/// Errors: ArgumentError if they are not within it.
inline Image crop(const Image& image, int top, int left, int height, int width) {
  if (top < 0 || left < 0 || height <= 0 || width <= 0 || height > image.height ||
      width > image.width || top > image.height - height || left > image.width - width)
    throw ArgumentError("crop: expected a part of " + to_string(image.shape()) + ", got " +
                        std::to_string(height) + "x" + std::to_string(width) + " at row " +
                        std::to_string(top) + ", column " + std::to_string(left));
  Image out(height, width, image.channels, image.depth);
  for (int y = 0; y < height; ++y)
    std::copy_n(image.pixel(top + y, left), width * image.channels, out.pixel(y, 0));
  return out;
}

namespace detail {

/// How much of which samples makes each sample of a resized axis, in units of 1 / total.
struct ResizedAxis {
  struct Sample {
    int first;            // the first sample taken
    std::size_t weights;  // where the weights begin
    int count;            // samples taken
  };
  std::vector<Sample> samples;
  std::vector<std::uint32_t> weights;
  std::uint64_t total = 1;

  /// Shrinking: sample i is the mean over [i, i + 1) * from / to. Growing: linear between the two
  /// sample centres around (i + 0.5) * from / to - 0.5, the edge samples repeated.
  ResizedAxis(int from, int to) {
    total = static_cast<std::uint64_t>(to <= from ? from : 2 * std::int64_t{to});
    for (std::int64_t i = 0; i < to; ++i) {
      Sample sample{0, weights.size(), 0};
      if (to <= from) {  // in units of 1 / to of a sample: [i * from, (i + 1) * from)
        sample.first = static_cast<int>(i * from / to);
        for (std::int64_t k = sample.first; k * to < (i + 1) * from; ++k, ++sample.count)
          weights.push_back(static_cast<std::uint32_t>(std::min((k + 1) * to, (i + 1) * from) -
                                                       std::max(k * to, i * from)));
      } else {
        const std::int64_t place = (2 * i + 1) * from - to;  // in units of 1 / (2 to) of a sample
        const std::int64_t below = place < 0 ? -1 : place / (2 * to);
        const auto share = static_cast<std::uint32_t>(place - below * 2 * to);
        const bool first_edge = below < 0, last_edge = below + 1 >= from;
        sample.first = static_cast<int>(std::max<std::int64_t>(below, 0));
        sample.count = first_edge || last_edge ? 1 : 2;
        if (sample.count == 1) weights.push_back(static_cast<std::uint32_t>(total));
        else weights.insert(weights.end(), {static_cast<std::uint32_t>(total) - share, share});
      }
      samples.push_back(sample);
    }
  }
};

}  // namespace detail

/// The image at another size: along an axis that shrinks each sample is the mean of the area it
/// covers, along one that grows it is interpolated linearly between sample centres. Alpha is a
/// channel like the others. Errors: ArgumentError if a size is not in 1..65536.
inline Image resize(const Image& image, int height, int width) {
  constexpr int largest = 65536;  // keeps the sums below 2^64
  const auto fits = [](int size) { return size >= 1 && size <= largest; };
  if (!fits(height) || !fits(width) || !fits(image.height) || !fits(image.width))
    throw ArgumentError("resize: expected sizes of 1 to 65536, got " + to_string(image.shape()) +
                        " to " + std::to_string(height) + "x" + std::to_string(width));
  const detail::ResizedAxis rows(image.height, height), columns(image.width, width);
  const auto C = static_cast<std::size_t>(image.channels);
  const std::size_t row_size = static_cast<std::size_t>(width) * C;
  // First along the rows, as sums [H, width, C] in units of 1 / columns.total, then down.
  Buffer<std::uint64_t> wide(static_cast<std::size_t>(image.height) * row_size);
  for (int y = 0; y < image.height; ++y) {
    std::uint64_t* out = wide.data() + static_cast<std::size_t>(y) * row_size;
    for (const auto& sample : columns.samples) {
      const std::uint16_t* in = image.pixel(y, sample.first);
      for (int k = 0; k < sample.count; ++k, in += C)
        for (std::size_t c = 0; c < C; ++c)
          out[c] +=
              columns.weights[sample.weights + static_cast<std::size_t>(k)] * std::uint64_t{in[c]};
      out += C;
    }
  }
  Image resized(height, width, image.channels, image.depth);
  std::vector<std::uint64_t> sums(row_size);
  const std::uint64_t total = rows.total * columns.total;
  for (int y = 0; y < height; ++y) {
    const auto& sample = rows.samples[static_cast<std::size_t>(y)];
    std::ranges::fill(sums, total / 2);
    for (int k = 0; k < sample.count; ++k) {
      const std::uint64_t weight = rows.weights[sample.weights + static_cast<std::size_t>(k)];
      const std::uint64_t* in = wide.data() + static_cast<std::size_t>(sample.first + k) * row_size;
      for (std::size_t i = 0; i < row_size; ++i) sums[i] += weight * in[i];
    }
    std::uint16_t* out = resized.pixel(y, 0);
    for (std::size_t i = 0; i < row_size; ++i) out[i] = static_cast<std::uint16_t>(sums[i] / total);
  }
  return resized;
}

/// The image with its longer side shrunk to `longest_side` where it is longer, the other in
/// proportion (rounded, at least 1). Errors: ArgumentError if longest_side is not positive.
inline Image shrink_to(Image image, int longest_side) {
  if (longest_side <= 0)
    throw ArgumentError("shrink_to: expected a positive side, got " + std::to_string(longest_side));
  const std::int64_t longer = std::max(image.height, image.width);
  if (longer <= longest_side) return image;
  const auto side = [&](int size) {
    return static_cast<int>(
        std::max<std::int64_t>(1, (2 * std::int64_t{size} * longest_side + longer) / (2 * longer)));
  };
  return resize(image, side(image.height), side(image.width));
}

/// The largest middle part of the image that has the proportions height : width, at that size.
/// An image that has the size already is returned as it is. Errors: as resize.
inline Image fit_to(Image image, int height, int width) {
  if (image.height == height && image.width == width) return image;
  if (height <= 0 || width <= 0) return resize(image, height, width);  // says what is wrong
  const std::int64_t H = image.height, W = image.width;
  std::int64_t h = H, w = W;
  if (W * height > H * width)
    w = std::max<std::int64_t>(1, (2 * H * width + height) / (2 * height));
  else h = std::max<std::int64_t>(1, (2 * W * height + width) / (2 * width));
  return resize(crop(image, static_cast<int>((H - h) / 2), static_cast<int>((W - w) / 2),
                     static_cast<int>(h), static_cast<int>(w)),
                height, width);
}

}  // namespace tessera
