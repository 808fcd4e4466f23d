// SPDX-License-Identifier: BSD-3-Clause
// Restoring an image as a file holds it: whole numbers in, whole numbers out, and known pixels are
// the very samples that came in.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

#include <tessera/data/hole_mask.hpp>
#include <tessera/data/image_data.hpp>
#include <tessera/inference/inpaint.hpp>

namespace tessera {
namespace detail {

/// The nearest sample; NaN is 0.
inline std::uint16_t to_sample(double value, int largest) {
  const double clamped = value > 0 ? std::min(value, 1.0) : 0.0;  // NaN > 0 is false
  return static_cast<std::uint16_t>(std::lround(clamped * largest));
}
/// The image itself, the result and the hole.
inline std::size_t restoring_bytes(const Image& image) {
  const auto pixels = static_cast<std::size_t>(image.shape().pixels());
  return 2 * image.samples.size() * sizeof(std::uint16_t) + pixels;
}

}  // namespace detail

/// How restore_image will work on an image: passes, and the memory that one pass, the image, the
/// result and the hole take. Errors: those of restore_image
template <class AnyModel>
RestorationPlan plan_restoration(const AnyModel&, const Image& image,
                                 std::span<const std::uint8_t> hole,
                                 const InpaintOptions& options = {}) {
  const int channels = AnyModel::structure().values[0].shape.channels;
  if (channels != image.colours() && !(channels == 3 && image.colours() == 1))
    throw ShapeError("restore_image: the network takes " + std::to_string(channels) +
                     " channels, the image has " + std::to_string(image.colours()) +
                     (image.has_alpha() ? " and alpha" : ""));
  if (hole.size() != static_cast<std::size_t>(image.shape().pixels()))
    throw ShapeError("restore_image: expected a hole of " +
                     detail::pixels_text(image.height, image.width) + ", got " +
                     std::to_string(hole.size()) + " bytes");
  return plan_passes(AnyModel::structure(), 1, {image.height, image.width, channels},
                     make_hole_view(hole.data(), 1, image.shape()), Wanted::holes,
                     detail::restoring_bytes(image), options.memory_limit,
                     sizeof(typename AnyModel::Scalar));
}

/// The image with its holes filled by the network; `hole` `[H, W]`, not 0 = missing. Channels and
/// depth stay the image's own, and every sample of a known pixel comes back unchanged, alpha too; a
/// restored pixel is opaque, as what was erased to be filled often has alpha 0. A network of RGB
/// sees a grey image in all three channels, and the result is their mean. Colour profile and
/// resolution are the image's. Any size, within the memory limit, as inpaint_images.
/// Errors: ShapeError if channels or sizes do not fit; ArgumentError if the limit is too small
template <class AnyModel>
Image restore_image(AnyModel& model, const Image& image, std::span<const std::uint8_t> hole,
                    const InpaintOptions& options = {}) {
  using T = typename AnyModel::Scalar;
  const RestorationPlan plan = plan_restoration(model, image, hole, options);
  Image restored(image.height, image.width, image.channels, image.depth);
  std::copy(image.samples.begin(), image.samples.end(), restored.samples.begin());
  restored.metadata = image.metadata;
  const int channels = AnyModel::structure().values[0].shape.channels, colours = image.colours(),
            largest = image.largest();
  const auto scale = static_cast<float>(largest);
  detail::run_passes(
      model, plan, image.height, image.width, make_hole_view(hole.data(), 1, image.shape()),
      Wanted::holes, options,
      [&](std::ptrdiff_t p, T* values) {
        const std::uint16_t* const in = image.samples.data() + p * image.channels;
        for (int c = 0; c < channels; ++c)
          values[c] = static_cast<T>(static_cast<float>(in[colours == 1 ? 0 : c]) / scale);
      },
      [&](std::ptrdiff_t p, const T* values) {
        std::uint16_t* const out = restored.samples.data() + p * image.channels;
        if (colours == channels) {
          for (int c = 0; c < channels; ++c)
            out[c] = detail::to_sample(static_cast<double>(values[c]), largest);
        } else {
          double sum = 0;
          for (int c = 0; c < channels; ++c) sum += static_cast<double>(values[c]);
          out[0] = detail::to_sample(sum / channels, largest);
        }
        if (image.has_alpha()) out[colours] = static_cast<std::uint16_t>(largest);
      });
  return restored;
}

/// The same with a mask that knows its size. Errors: also ShapeError if that is not the image's
template <class AnyModel>
Image restore_image(AnyModel& model, const Image& image, const HoleMask& mask,
                    const InpaintOptions& options = {}) {
  if (mask.height != image.height || mask.width != image.width)
    throw ShapeError("restore_image: expected a mask of " +
                     detail::pixels_text(image.height, image.width) + ", got " +
                     detail::pixels_text(mask.height, mask.width) + turned_text(image, mask));
  return restore_image(model, image, mask.hole.span(), options);
}

}  // namespace tessera
