// SPDX-License-Identifier: BSD-3-Clause
// Boxes around the holes of an image: what a network has to be run over to fill them. Far holes get
// boxes of their own, near ones share one, whichever is fewer pixels of work.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tessera/tensor/shape.hpp>
#include <tessera/inference/tiles.hpp>

namespace tessera {

/// Rows [top, bottom) and columns [left, right).
struct Box {
  int top = 0, left = 0, bottom = 0, right = 0;

  int height() const { return bottom - top; }
  int width() const { return right - left; }
  bool empty() const { return bottom <= top || right <= left; }
  std::int64_t pixels() const { return empty() ? 0 : std::int64_t{height()} * width(); }
  /// The smallest box that holds both.
  Box with(const Box& other) const {
    if (empty()) return other;
    if (other.empty()) return *this;
    return {std::min(top, other.top), std::min(left, other.left), std::max(bottom, other.bottom),
            std::max(right, other.right)};
  }
  Box within(const Box& other) const {
    return {std::max(top, other.top), std::max(left, other.left), std::min(bottom, other.bottom),
            std::min(right, other.right)};
  }
  bool operator==(const Box&) const = default;
};

/// What the network has to see for the pixels of `wanted` to come out as if it had seen all of the
/// image, which is `padded` pixels large: begins in step, and reaches as far as the rule says.
inline Box region_of(const Box& wanted, const TileRule& rule, const Shape& padded) {
  const auto low = [&](int p) { return std::max(0, p / rule.step * rule.step - rule.before); };
  const auto high = [&](int p, int size) {
    return std::min(size, (p + rule.step - 1) / rule.step * rule.step + rule.after);
  };
  return {low(wanted.top), low(wanted.left), high(wanted.bottom, padded.height),
          high(wanted.right, padded.width)};
}

/// The smallest box around the holes in a window of a mask `[1, height, width]`; empty if there are
/// none.
inline Box bounds_of_holes(HoleView hole, const Box& window) {
  Box box;
  if (!hole) return box;
  for (int y = window.top; y < window.bottom; ++y) {
    const std::uint8_t* const row = hole.data + std::ptrdiff_t{y} * hole.width;
    const auto is_hole = [](std::uint8_t h) { return h != 0; };
    const std::uint8_t* const first = std::find_if(row + window.left, row + window.right, is_hole);
    if (first == row + window.right) continue;
    const std::uint8_t* last = row + window.right - 1;
    while (!*last) --last;
    box = box.with({y, static_cast<int>(first - row), y + 1, static_cast<int>(last - row) + 1});
  }
  return box;
}

namespace detail {

/// What a pass costs beside its pixels, in pixels.
inline constexpr std::int64_t pass_pixels = 4096;

/// Cuts the holes of one image into boxes, from the box around all of them down: a box is cut in
/// two, along the line that leaves the least work, where the boxes that come of it are less work
/// than it is. Works on cells of a few pixels, each with the box around its own holes.
class HoleCutter {
 public:
  HoleCutter(HoleView hole, const TileRule& rule, const Shape& padded)
      : rule_(rule), padded_(padded) {
    const int least = std::max({16, rule.step, (rule.before + rule.after) / 8});
    side_ = (least + rule.step - 1) / rule.step * rule.step;
    rows_ = (hole.height + side_ - 1) / side_;
    columns_ = (hole.width + side_ - 1) / side_;
    cells_.resize(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(columns_));
    for (int r = 0; r < rows_; ++r)
      for (int c = 0; c < columns_; ++c)
        cell(r, c) =
            bounds_of_holes(hole, {r * side_, c * side_, std::min(hole.height, (r + 1) * side_),
                                   std::min(hole.width, (c + 1) * side_)});
  }

  std::vector<Box> boxes() {
    cut({0, 0, rows_, columns_});
    return std::move(boxes_);
  }

 private:
  Box& cell(int r, int c) {
    return cells_[static_cast<std::size_t>(r) * static_cast<std::size_t>(columns_) +
                  static_cast<std::size_t>(c)];
  }
  std::int64_t work(const Box& holes) const {
    return holes.empty() ? 0 : region_of(holes, rule_, padded_).pixels() + pass_pixels;
  }

  struct Cut {
    bool by_row = true;
    int at = 0;
    std::int64_t work = -1;  // -1: there is none
    int off_middle = 0;
  };
  /// Looks at every cut between the lines; `line[i]` is the box around the holes of line i.
  void consider(const std::vector<Box>& line, int first, bool by_row, Cut& best) const {
    const int count = static_cast<int>(line.size());
    std::vector<std::int64_t> behind(line.size());
    Box box;
    for (int i = count - 1; i > 0; --i)
      behind[static_cast<std::size_t>(i)] = work(box = box.with(line[static_cast<std::size_t>(i)]));
    box = {};
    for (int i = 1; i < count; ++i) {
      box = box.with(line[static_cast<std::size_t>(i - 1)]);
      const Cut cut{by_row, first + i, work(box) + behind[static_cast<std::size_t>(i)],
                    std::abs(2 * i - count)};
      if (best.work < 0 || cut.work < best.work ||
          (cut.work == best.work && cut.off_middle < best.off_middle))
        best = cut;
    }
  }

  /// Adds the boxes of the holes in these cells; returns their work.
  std::int64_t cut(Box cells) {
    std::vector<Box> row(static_cast<std::size_t>(cells.height())),
        column(static_cast<std::size_t>(cells.width()));
    Box all;
    for (int r = cells.top; r < cells.bottom; ++r)
      for (int c = cells.left; c < cells.right; ++c) {
        const Box& holes = cell(r, c);
        if (holes.empty()) continue;
        Box& of_row = row[static_cast<std::size_t>(r - cells.top)];
        Box& of_column = column[static_cast<std::size_t>(c - cells.left)];
        of_row = of_row.with(holes);
        of_column = of_column.with(holes);
        all = all.with(holes);
      }
    if (all.empty()) return 0;
    const std::int64_t whole = work(all);
    const std::int64_t least = work({all.top, all.left, all.top + 1, all.left + 1});
    Cut best;
    if (whole > least + pass_pixels) {
      consider(row, cells.top, true, best);
      consider(column, cells.left, false, best);
    }
    const std::size_t before = boxes_.size();
    if (best.work >= 0) {
      Box low = cells, high = cells;
      (best.by_row ? low.bottom : low.right) = best.at;
      (best.by_row ? high.top : high.left) = best.at;
      const std::int64_t parts = cut(low) + cut(high);
      if (parts < whole) return parts;
    }
    boxes_.resize(before);
    boxes_.push_back(all);
    return whole;
  }

  TileRule rule_;
  Shape padded_;
  int side_ = 1, rows_ = 0, columns_ = 0;
  std::vector<Box> cells_, boxes_;
};

}  // namespace detail

/// Boxes that together hold every hole of a mask `[1, height, width]`, and do not
/// overlap, so that running the network over the regions of all of them is little work.
inline std::vector<Box> hole_boxes(HoleView hole, const TileRule& rule, const Shape& padded) {
  return detail::HoleCutter(hole, rule, padded).boxes();
}

}  // namespace tessera
