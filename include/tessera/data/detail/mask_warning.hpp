// SPDX-License-Identifier: BSD-3-Clause
// Masks that do not look like white on black: what was found, and which option helps, in a
// sentence.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include <tessera/data/image_data.hpp>
#include <tessera/data/mask_options.hpp>

namespace tessera::detail {

/// What decides about a pixel, in thousandths of a sample: its luma, or how transparent it is.
inline std::int64_t mask_value(const Image& image, const std::uint16_t* pixel, bool alpha) {
  return alpha ? 1000 * std::int64_t{image.largest() - pixel[image.channels - 1]}
               : luma(pixel, image.colours());
}
/// The value from which on a pixel is a hole, in half thousandths: luma rounds to the threshold.
inline std::int64_t mask_limit(const Image& image, const MaskOptions& options) {
  return 1000 * (options.threshold == 0 ? std::int64_t{image.largest()}
                                        : 2 * std::int64_t{options.threshold} - 1);
}

/// What the pixels of a mask are like, before `invert`.
struct MaskLook {
  std::int64_t pixels = 0, white = 0;   // white: counted as hole
  std::int64_t between = 0;             // neither within a sixteenth of black nor of white,
  std::int64_t opaque_between = 0;      // and not transparent
  std::int64_t black = 0;               // within a sixteenth
  std::int64_t transparent = 0;         // by more than half
  std::int64_t transparent_white = 0;   // and counted as hole
  std::int64_t dark_colours = 0;        // coloured, and not counted as hole
  std::array<int, 3> dark_colour{};     // the brightest of these
  std::int64_t dark_colour_value = -1;  // thousandths
  std::int64_t least = std::numeric_limits<std::int64_t>::max(), most = 0;  // thousandths

  MaskLook(const Image& image, const MaskOptions& options) : pixels(image.shape().pixels()) {
    const std::int64_t limit = mask_limit(image, options), largest = image.largest();
    const std::uint16_t* pixel = image.samples.data();
    for (std::int64_t p = 0; p < pixels; ++p, pixel += image.channels) {
      const std::int64_t value = mask_value(image, pixel, options.alpha);
      const bool hole = 2 * value >= limit;
      const bool clear = image.has_alpha() && 2 * pixel[image.channels - 1] < largest;
      const bool dark = 16 * value < 1000 * largest, bright = 16 * value >= 15000 * largest;
      least = std::min(least, value);
      most = std::max(most, value);
      white += hole;
      black += dark;
      between += !dark && !bright;
      opaque_between += !dark && !bright && !clear;
      transparent += clear;
      transparent_white += clear && hole;
      if (image.colours() == 1 || options.alpha || hole) continue;
      const auto [low, high] = std::minmax({pixel[0], pixel[1], pixel[2]});
      if (2 * (high - low) < largest) continue;
      ++dark_colours;
      if (value > dark_colour_value) {
        dark_colour_value = value;
        dark_colour = {pixel[0], pixel[1], pixel[2]};
      }
    }
  }
};

/// "12.5 %"
inline std::string percent_text(std::int64_t part, std::int64_t whole) {
  const std::int64_t tenths = (2000 * part + whole) / (2 * whole);
  if (tenths == 0 && part > 0) return "under 0.1 %";
  if (tenths == 1000 && part < whole) return "over 99.9 %";
  return std::to_string(tenths / 10) + (tenths % 10 ? "." + std::to_string(tenths % 10) : "") +
         " %";
}

/// A threshold between two values in thousandths; the least above the lower one where both are so
/// small that they are numbers, of classes, rather than brightness.
inline std::string threshold_text(std::int64_t low, std::int64_t high) {
  const std::int64_t from = (low + 500) / 1000, to = (high + 500) / 1000;
  return "--threshold " + std::to_string(to <= 16 ? from + 1 : (from + to + 1) / 2);
}

inline std::string transparency_text(const MaskLook& look) {
  return percent_text(look.transparent, look.pixels) +
         " of its pixels are transparent, but alpha plays no part: --mask-alpha fills those, "
         "--mask-alpha --invert the others";
}
inline std::string dark_colour_text(const MaskLook& look) {
  std::string colour;
  for (const int sample : look.dark_colour)
    colour += (colour.empty() ? "" : ", ") + std::to_string(sample);
  return percent_text(look.dark_colours, look.pixels) + " of its pixels are coloured, such as (" +
         colour + "), and too dark to count as white";
}

/// Why no pixel counts as hole, or each does, and what helps.
inline std::string one_sided_cause(const Image& image, const MaskLook& look,
                                   const MaskOptions& options) {
  const bool all = look.white > 0;
  const std::string largest = std::to_string(image.largest());
  const auto sample = [](std::int64_t value) { return std::to_string((value + 500) / 1000); };
  if (!options.alpha && look.transparent > 0 && look.transparent < look.pixels)
    return transparency_text(look);
  if (look.least == look.most && options.alpha)
    return "its alpha is " + std::to_string(image.pixel(0, 0)[image.channels - 1]) + " of " +
           largest + " everywhere";
  if (look.least == look.most)
    return "all its pixels have the brightness " + sample(look.most) + " of " + largest;
  if (!all && look.dark_colours > 0)
    return dark_colour_text(look) + ": " + threshold_text(look.least, look.dark_colour_value) +
           " fills them";
  const std::int64_t limit = (mask_limit(image, options) + 1000) / 2;
  return "its " + std::string(options.alpha ? "transparency lies" : "samples lie") + " between " +
         sample(look.least) + " and " + sample(look.most) + " of " + largest + ", and " +
         (all ? "all" : "none") + " of them reach " + sample(limit) + ": " +
         threshold_text(look.least, look.most) + " tells them apart";
}

/// What is odd about a mask image that is read with these options, in a sentence that names what
/// helps; empty if nothing is.
inline std::string mask_warning(const Image& image, const MaskOptions& options) {
  const MaskLook look(image, options);
  if (look.white == 0 || look.white == look.pixels)
    return std::string((look.white == 0) != options.invert
                           ? "the hole is empty, so nothing is filled; "
                           : "the hole is the whole picture, so nothing is known; ") +
           one_sided_cause(image, look, options);
  if (!options.alpha && look.transparent > 0 &&
      (look.transparent_white > 0 || 20 * look.opaque_between > look.pixels))
    return transparency_text(look);
  if (options.threshold != 0) return "";  // asked for
  if (look.dark_colours > 0)
    return dark_colour_text(look) +
           (look.black == 0 ? ": --invert fills what is not white"
                            : ": " + threshold_text(0, look.dark_colour_value) + " fills them too");
  if (look.between > 0)
    return percent_text(look.between, look.pixels) + " of its pixels are neither " +
           (options.alpha ? "opaque nor transparent" : "black nor white") +
           (options.invert ? ": those below half are filled"
                           : ": those of at least half are filled") +
           ", and --threshold sets another limit";
  return "";
}

}  // namespace tessera::detail
