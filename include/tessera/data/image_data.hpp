// SPDX-License-Identifier: BSD-3-Clause
// An image as files hold it: whole numbers of 8 or 16 bits, 1 to 4 channels. The network's side,
// floats in [0, 1], is one call away in each direction.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include <tessera/data/image_metadata.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/finite.hpp>
#include <tessera/tensor/tensor.hpp>

namespace tessera {

/// Samples `[H, W, C]`, interleaved, row by row from the top. The value of a sample is
/// sample / largest(): an 8-bit image holds 0..255, a 16-bit one 0..65535.
struct Image {
  int height = 0, width = 0;
  int channels = 0;               // 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  int depth = 8;                  // bits of a sample, 8 or 16
  Buffer<std::uint16_t> samples;  // [H, W, C]
  ImageMetadata metadata;         // what its file says of colours and resolution

  Image() = default;
  /// All samples 0. Errors: ArgumentError if a size is not positive, or there is no such depth or
  /// number of channels.
  Image(int image_height, int image_width, int image_channels, int bits = 8)
      : height(image_height), width(image_width), channels(image_channels), depth(bits) {
    if (height <= 0 || width <= 0 || channels < 1 || channels > 4 || (depth != 8 && depth != 16))
      throw ArgumentError("Image: expected positive sizes, 1 to 4 channels of 8 or 16 bits, got " +
                          std::to_string(height) + "x" + std::to_string(width) + "x" +
                          std::to_string(channels) + " of " + std::to_string(depth) + " bits");
    samples = Buffer<std::uint16_t>(static_cast<std::size_t>(shape().size()));
  }

  Shape shape() const { return {height, width, channels}; }
  int largest() const { return depth == 16 ? 65535 : 255; }
  bool has_alpha() const { return channels == 2 || channels == 4; }
  /// Channels without alpha: 1 or 3.
  int colours() const { return channels - (has_alpha() ? 1 : 0); }

  /// The samples `[C]` of the pixel in row y and column x.
  std::uint16_t* pixel(int y, int x) { return samples.data() + offset(y, x); }
  const std::uint16_t* pixel(int y, int x) const { return samples.data() + offset(y, x); }

 private:
  std::size_t offset(int y, int x) const {
    return static_cast<std::size_t>((std::int64_t{y} * width + x) * channels);
  }
};

/// The brightness of a pixel's colours `[colours]` (1 or 3): 0.299 R + 0.587 G + 0.114 B, as in
/// Rec. 601, in thousandths of a sample.
inline std::int64_t luma(const std::uint16_t* pixel, int colours) {
  if (colours == 1) return 1000 * std::int64_t{pixel[0]};
  return 299 * std::int64_t{pixel[0]} + 587 * std::int64_t{pixel[1]} + 114 * std::int64_t{pixel[2]};
}

/// The image as floats in [0, 1], `[1, H, W, channels]`, channels 1 or 3. Grey is repeated for
/// three channels, colour becomes Rec. 601 luma for one; alpha is left out.
/// Errors: ArgumentError if channels is neither 1 nor 3.
inline Tensor<float> to_tensor(const Image& image, int channels) {
  if (channels != 1 && channels != 3)
    throw ArgumentError("to_tensor: expected 1 or 3 channels, got " + std::to_string(channels));
  Tensor<float> tensor(1, {image.height, image.width, channels});
  const auto largest = static_cast<float>(image.largest());
  const std::uint16_t* in = image.samples.data();  // [H, W, C]
  float* out = tensor.data();                      // [H, W, channels]
  const std::int64_t pixels = image.shape().pixels();
  for (std::int64_t p = 0; p < pixels; ++p, in += image.channels, out += channels) {
    if (channels == image.colours())
      for (int c = 0; c < channels; ++c) out[c] = static_cast<float>(in[c]) / largest;
    else if (channels == 1)
      *out = static_cast<float>(static_cast<double>(luma(in, 3)) / (1000.0 * image.largest()));
    else
      for (int c = 0; c < 3; ++c) out[c] = static_cast<float>(in[0]) / largest;
  }
  return tensor;
}

/// The image as 8-bit samples `[H, W, channels]`, channels 1 or 3, each rounded to the nearest;
/// channels as in to_tensor. Errors: as to_tensor.
inline void to_bytes(const Image& image, int channels, std::uint8_t* out) {
  if (channels != 1 && channels != 3)
    throw ArgumentError("to_bytes: expected 1 or 3 channels, got " + std::to_string(channels));
  const std::int64_t scale = 1000 * image.largest();
  const auto byte = [&](std::int64_t thousandths) {
    return static_cast<std::uint8_t>((thousandths * 255 + scale / 2) / scale);
  };
  const std::uint16_t* in = image.samples.data();  // [H, W, C]
  const std::int64_t pixels = image.shape().pixels();
  for (std::int64_t p = 0; p < pixels; ++p, in += image.channels, out += channels)
    for (int c = 0; c < channels; ++c)
      out[c] = byte(channels == 1 ? luma(in, image.colours())
                                  : 1000 * std::int64_t{in[image.colours() == 3 ? c : 0]});
}

/// A view `[1, H, W, C]` of 1 to 4 channels as an image of `depth` bits: each value clamped to
/// [0, 1] (NaN to 0) and rounded to the nearest sample. to_tensor's result comes back unchanged.
/// Errors: ShapeError if the view is not one image; ArgumentError if there is no such depth.
inline Image to_image(View<const float> view, int depth = 8) {
  if (view.batch != 1 || view.channels < 1 || view.channels > 4)
    throw ShapeError("to_image: expected one image of 1 to 4 channels, got " +
                     std::to_string(view.batch) + " of " + to_string(view.shape()));
  Image image(view.height, view.width, view.channels, depth);
  const auto largest = static_cast<float>(image.largest());
  std::uint16_t* out = image.samples.data();
  for (std::ptrdiff_t p = 0; p < view.pixels(); ++p)
    for (int c = 0; c < view.channels; ++c) {
      const float value = view.pixel(p)[c];
      const float clamped = value > 0 && !is_nan(value) ? std::min(value, 1.0f) : 0.0f;
      *out++ = static_cast<std::uint16_t>(std::lround(clamped * largest));
    }
  return image;
}

}  // namespace tessera
