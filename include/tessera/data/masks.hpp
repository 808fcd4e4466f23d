// SPDX-License-Identifier: BSD-3-Clause
// Mask generators: each draws one plane of holes, 1 = missing.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/error.hpp>
#include <tessera/tensor/random.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera {

/// A source of uniform integers: `integer(low, high)` is in [low, high). RandomStream is one.
template <class R>
concept IntegerSource = requires(R& random) {
  { random.integer(1, 2) } -> std::same_as<int>;
};

/// Masks drawn from a random stream: `draw` writes every byte of `hole` `[1, height, width]`, 1 =
/// hole, as a function of the random stream and the size alone. It is const and must not allocate.
template <class M>
concept RandomMasks = requires(const M& masks, RandomStream& random, MutableHoleView hole) {
  masks.draw(random, hole);
};

/// Masks that belong to the samples: `draw` writes the mask of sample `index`, 1 = hole; it is
/// const and must not allocate. `check_fits` throws unless there is a mask of height x width pixels
/// for each of so many images.
template <class M>
concept IndexedMasks = requires(const M& masks, std::size_t index, MutableHoleView hole) {
  masks.draw(index, hole);
  masks.check_fits(index, 32, 32);
};

/// A source of masks. Where a type is of both kinds, the index decides.
template <class M>
concept MaskGenerator = std::copy_constructible<M> &&(RandomMasks<M> || IndexedMasks<M>);

/// Share of hole pixels, 0..1; 0 for an empty mask.
inline double hole_ratio(std::span<const std::uint8_t> hole) {
  if (hole.empty()) return 0;
  const auto known = std::count(hole.begin(), hole.end(), std::uint8_t{0});
  return static_cast<double>(static_cast<std::ptrdiff_t>(hole.size()) - known) /
         static_cast<double>(hole.size());
}

namespace detail {

/// Errors: ArgumentError unless smallest <= low <= high, of `what` a mask generator draws.
inline void check_mask_range(const char* generator, const char* what, int smallest, int low,
                             int high) {
  constexpr int largest = 1'000'000;  // keeps every sum of a generator within int
  if (low < smallest || high < low || high > largest)
    throw ArgumentError(std::string(generator) + ": expected " + std::to_string(smallest) +
                        " <= least " + what + " <= greatest, got " + std::to_string(low) + " and " +
                        std::to_string(high));
}

}  // namespace detail

/// A thick segment between two pixels; x counts columns, y rows, thickness is in pixels.
struct LineSegment {
  int x1 = 0, y1 = 0, x2 = 0, y2 = 0, thickness = 1;
};

/// Sets hole `[1, height, width]` to 1 at each pixel whose squared distance to the segment is at
/// most (thickness/2)^2 + 0.01; leaves the others as they are.
///
/// With d = (x2 - x1, y2 - y1) and u = clip(((x, y) - (x1, y1)) . d / max(|d|^2, 1), 0, 1), the
/// distance is |(x, y) - (x1, y1) - u d|, each operation rounded to float.
inline void draw_line(const LineSegment& line, MutableHoleView hole) {
  // Some pixels lie exactly on the limit, so the result hangs on every rounding. A product or
  // quotient of two floats taken in double and rounded once is the correctly rounded float, and
  // no compiler can contract it into a fused multiply-add with what follows.
  const auto product = [](float a, float b) {
    return static_cast<float>(static_cast<double>(a) * static_cast<double>(b));
  };
  const auto dx = static_cast<float>(line.x2 - line.x1);
  const auto dy = static_cast<float>(line.y2 - line.y1);
  const float length2 = std::max(product(dx, dx) + product(dy, dy), 1.0f);
  const double radius = line.thickness / 2.0;
  const auto limit = static_cast<float>(radius * radius + 0.01);
  const int margin = line.thickness / 2 + 2;  // the distance of a hole pixel is below this
  const int top = std::max(0, std::min(line.y1, line.y2) - margin);
  const int bottom = std::min(hole.height, std::max(line.y1, line.y2) + margin + 1);
  const int left = std::max(0, std::min(line.x1, line.x2) - margin);
  const int right = std::min(hole.width, std::max(line.x1, line.x2) + margin + 1);
  for (int y = top; y < bottom; ++y)
    for (int x = left; x < right; ++x) {
      const auto px = static_cast<float>(x - line.x1), py = static_cast<float>(y - line.y1);
      const float u = std::clamp((product(px, dx) + product(py, dy)) / length2, 0.0f, 1.0f);
      const float ex = px - product(u, dx), ey = py - product(u, dy);
      if (product(ex, ex) + product(ey, ey) <= limit)
        hole.data[static_cast<std::ptrdiff_t>(y) * hole.width + x] = 1;
    }
}

/// Masks of a few random thick line segments: their number uniform in [min_lines, max_lines], end
/// points uniform in columns 1..width-1 and rows 1..height-1, thickness uniform in
/// [min_thickness, max_thickness] pixels. The defaults are those of the CIFAR-10 systems.
struct LineMasks {
  int min_lines = 1, max_lines = 9;
  int min_thickness = 1, max_thickness = 2;

  /// Writes `hole` `[1, height, width]`. Draws the number of lines, then x1, y1, x2, y2 and
  /// thickness of each. Errors: ArgumentError if a range is empty or negative, or a side is below 2 pixels.
  template <IntegerSource Random>
  void draw(Random& random, MutableHoleView hole) const {
    const int height = hole.height, width = hole.width;
    detail::check_mask_range("LineMasks", "number of lines", 0, min_lines, max_lines);
    detail::check_mask_range("LineMasks", "thickness", 1, min_thickness, max_thickness);
    if (height < 2 || width < 2)
      throw ArgumentError("LineMasks: expected at least 2x2 pixels, got " + std::to_string(height) +
                          "x" + std::to_string(width));
    std::ranges::fill(hole.bytes(), std::uint8_t{0});
    const int lines = random.integer(min_lines, max_lines + 1);
    for (int i = 0; i < lines; ++i) {
      LineSegment line;  // filled member by member: the order of the draws is part of the result
      line.x1 = random.integer(1, width);
      line.y1 = random.integer(1, height);
      line.x2 = random.integer(1, width);
      line.y2 = random.integer(1, height);
      line.thickness = random.integer(min_thickness, max_thickness + 1);
      draw_line(line, hole);
    }
  }
};

/// The same rectangle of holes every time: rows [top, top + height), columns [left, left + width).
struct RectangleMask {
  int top = 0, left = 0, height = 0, width = 0;

  /// Writes `hole` `[1, image_height, image_width]`; draws no random number.
  /// Errors: ArgumentError if the rectangle is not within the image.
  void draw(RandomStream&, MutableHoleView hole) const {
    const int image_height = hole.height, image_width = hole.width;
    if (top < 0 || left < 0 || height < 0 || width < 0 || height > image_height ||
        width > image_width || top > image_height - height || left > image_width - width)
      throw ArgumentError("RectangleMask: expected a rectangle within " +
                          std::to_string(image_height) + "x" + std::to_string(image_width) +
                          " pixels, got " + std::to_string(height) + "x" + std::to_string(width) +
                          " at row " + std::to_string(top) + ", column " + std::to_string(left));
    std::ranges::fill(hole.bytes(), std::uint8_t{0});
    add(hole);
  }
  /// Sets the rectangle, which must be within the image.
  void add(MutableHoleView hole) const {
    for (int y = top; y < top + height; ++y)
      std::fill_n(hole.data + static_cast<std::ptrdiff_t>(y) * hole.width + left, width,
                  std::uint8_t{1});
  }
};

/// Masks made beforehand: sample i of the data gets plane i, in every order and epoch and whatever
/// the seed. Copies share the planes.
class FixedMasks {
 public:
  /// `holes` `[count, height, width]`, not 0 = hole.
  /// Errors: ArgumentError if a side is not positive, or the bytes are not whole planes.
  FixedMasks(int height, int width, Buffer<std::uint8_t> holes) : height_(height), width_(width) {
    if (height <= 0 || width <= 0)
      throw ArgumentError("FixedMasks: expected a positive size, got " + size_text(height, width));
    if (holes.size() % pixels() != 0)
      throw ArgumentError("FixedMasks: expected a multiple of " + std::to_string(pixels()) +
                          " bytes for planes of " + size_text(height, width) + ", got " +
                          std::to_string(holes.size()));
    for (std::uint8_t& hole : holes) hole = hole != 0;
    holes_ = std::make_shared<const Buffer<std::uint8_t>>(std::move(holes));
  }

  /// The number of planes, and the size of each.
  std::size_t size() const { return holes_->size() / pixels(); }
  int height() const { return height_; }
  int width() const { return width_; }

  /// The bytes `[height, width]` of one plane, 1 = hole.
  /// Errors: ArgumentError if there is no such plane.
  std::span<const std::uint8_t> plane(std::size_t index) const {
    if (index >= size())
      throw ArgumentError("FixedMasks: expected an index below " + std::to_string(size()) +
                          ", got " + std::to_string(index));
    return holes_->span().subspan(index * pixels(), pixels());
  }
  /// Writes plane `index` into `hole` `[1, height, width]`. Errors: as plane.
  void draw(std::size_t index, MutableHoleView hole) const {
    std::ranges::copy(plane(index), hole.data);
  }
  /// Errors: ArgumentError if the planes are not height x width, or fewer than the images.
  void check_fits(std::size_t images, int height, int width) const {
    if (height != height_ || width != width_)
      throw ArgumentError("FixedMasks: the images have " + size_text(height, width) +
                          " pixels, the planes " + size_text(height_, width_));
    if (images > size())
      throw ArgumentError("FixedMasks: expected a plane for each of " + std::to_string(images) +
                          " images, got " + std::to_string(size()));
  }

 private:
  static std::string size_text(int height, int width) {
    return std::to_string(height) + "x" + std::to_string(width);
  }
  std::size_t pixels() const {
    return static_cast<std::size_t>(height_) * static_cast<std::size_t>(width_);
  }

  std::shared_ptr<const Buffer<std::uint8_t>> holes_;
  int height_, width_;
};

static_assert(RandomMasks<LineMasks> && RandomMasks<RectangleMask> && IndexedMasks<FixedMasks>);
static_assert(MaskGenerator<LineMasks> && MaskGenerator<FixedMasks> && !IndexedMasks<LineMasks> &&
              !RandomMasks<FixedMasks>);

}  // namespace tessera
