// SPDX-License-Identifier: BSD-3-Clause
// Images that are too large for one pass: overlapping tiles, whose inner parts together are the
// image and come out as if the network had seen all of it at once.
#pragma once
#include <algorithm>
#include <numeric>
#include <optional>
#include <string>

#include <tessera/network/describe.hpp>
#include <tessera/inference/detail/padding.hpp>

namespace tessera {

/// Where tiles of a network may begin: at multiples of `step`, the least shift of the input that
/// shifts every value of the network by whole positions of its layers' grids. An output pixel
/// depends on at most `before` pixels before it and `after` behind it, both rounded up to multiples
/// of `step`.
struct TileRule {
  int step = 1, before = 0, after = 0;
};

/// The rule of a network, from its layers' `reach`; none where an output pixel may depend on the
/// whole image, or where values of different scale meet.
inline std::optional<TileRule> tile_rule(const Structure& s) {
  constexpr int largest_step = 4096;
  struct Scale {  // input pixels per position, in lowest terms
    int pixels = 1, positions = 1;
    bool operator==(const Scale&) const = default;
  };
  Grow<Scale> scale(static_cast<int>(s.values.size()));
  TileRule rule;
  for (const Operation& op : s.operations) {
    const Reach& reach = op.layer->reach;
    Scale out = scale[op.input[0]];
    for (int k = 1; k < op.input_count; ++k)
      if (scale[op.input[k]] != out) return std::nullopt;
    if (reach.kernel == 0) return std::nullopt;
    out.pixels *= reach.stride;
    out.positions *= reach.upsample;
    const int common = std::gcd(out.pixels, out.positions);
    out = {out.pixels / common, out.positions / common};
    if (out.pixels > largest_step || out.positions > largest_step) return std::nullopt;
    const int whole = out.pixels * (reach.grid / std::gcd(reach.grid, out.positions));
    const std::int64_t step = std::lcm(std::int64_t{rule.step}, std::int64_t{whole});
    if (step > largest_step) return std::nullopt;
    rule.step = static_cast<int>(step);
    scale[op.output] = out;
  }
  if (scale[s.output] != Scale{}) return std::nullopt;
  for (int p = 0; p < rule.step; ++p) {
    const detail::PositionsRead at = detail::positions_read(s, p);
    for (int v = 0; v < s.inputs; ++v)
      if (at.read[v]) {
        rule.before = std::max(rule.before, p - at.low[v]);
        rule.after = std::max(rule.after, at.high[v] - p);
      }
  }
  rule.before = (rule.before + rule.step - 1) / rule.step * rule.step;
  rule.after = (rule.after + rule.step - 1) / rule.step * rule.step;
  return rule;
}

/// Tiles along one axis. All have the same size but for the last, which may be smaller; a border
/// of the image is a border of its tile, everywhere else a tile is its inner part and the halo.
struct TileAxis {
  int length = 0;  // of the padded image
  int size = 0;    // of a tile, halos included
  int count = 1;
  TileRule rule{};

  /// `length` in at most so many tiles of one size.
  static TileAxis cut(int length, int count, const TileRule& rule) {
    if (count <= 1) return {length, length, 1, rule};
    const int halo = rule.before + rule.after;
    const int inner = (length - halo + count - 1) / count;
    const int size = halo + std::max(1, (inner + rule.step - 1) / rule.step) * rule.step;
    return {length, size, std::max(1, (length - halo + size - halo - 1) / (size - halo)), rule};
  }
  int halo() const { return rule.before + rule.after; }
  /// The next smaller tiles, or as many as before where there are none.
  TileAxis smaller() const {
    const int inner = (size - halo() - 1) / rule.step * rule.step;  // the next smaller one
    if (inner < rule.step) return *this;
    const TileAxis next = cut(length, (length - halo() + inner - 1) / inner, rule);
    return next.count > 1 ? next : *this;
  }

  /// First row or column of tile i, and how many there are.
  int origin(int i) const {
    const int last = (std::max(0, length - size) + rule.step - 1) / rule.step * rule.step;
    return std::min(i * (size - halo()), last);
  }
  int extent(int i) const { return std::min(size, length - origin(i)); }
  /// Rows or columns [inner_begin, inner_end) of the image are taken from tile i.
  int inner_begin(int i) const { return i == 0 ? 0 : i * (size - halo()) + rule.before; }
  int inner_end(int i) const { return i == count - 1 ? length : inner_begin(i + 1); }
};

/// How images are worked on: how many in one pass, or in which tiles.
struct TilePlan {
  Shape image{};  // as given; padded to rows.length x columns.length
  int batch = 1;
  TileAxis rows, columns;
  std::size_t bytes = 0;  // what one pass takes, and its images

  int tiles() const { return rows.count * columns.count; }
};

namespace detail {

inline std::string mebibytes(std::size_t bytes) {
  return std::to_string((bytes >> 20) + (bytes % (std::size_t{1} << 20) != 0)) + " MiB";
}
inline std::string pixels_text(int height, int width) {
  return std::to_string(height) + "x" + std::to_string(width) + " pixels";
}
/// The arena of one pass for inference.
inline std::size_t pass_bytes(const Structure& s, int batch, int height, int width,
                              std::size_t scalar_size) {
  const Shape shape{height, width, s.values[0].shape.channels};
  PassRequest request{.batch = batch, .gradients = false, .inputs = {&shape, 1}};
  request.scalar_size = scalar_size;
  return make_plan(s, request).bytes;
}

}  // namespace detail

/// The fewest and largest tiles whose pass, together with `image_bytes` for each image in it, takes
/// at most `limit` bytes; the longer side is cut first, as square tiles have the least halo. Small
/// images go through in batches of at most `max_batch`.
/// Errors: those of padded_size; ArgumentError if the limit is too small for the smallest tile, or
/// the network cannot work in tiles and the image does not fit.
inline TilePlan plan_tiles(const Structure& s, const Shape& image, int max_batch,
                           std::size_t image_bytes, std::size_t limit, std::size_t scalar_size) {
  const Shape padded = padded_size(s, image);
  TilePlan plan{image, std::max(1, max_batch), TileAxis::cut(padded.height, 1, {}),
                TileAxis::cut(padded.width, 1, {})};
  const auto fits = [&] {
    plan.bytes = detail::pass_bytes(s, plan.batch, plan.rows.size, plan.columns.size, scalar_size) +
                 static_cast<std::size_t>(plan.batch) * image_bytes;
    return plan.bytes <= limit;
  };
  while (!fits() && plan.batch > 1) plan.batch /= 2;
  if (plan.bytes <= limit) return plan;

  const std::size_t whole = plan.bytes;
  const std::optional<TileRule> rule = tile_rule(s);
  if (!rule)
    throw ArgumentError("inpaint: a pass over " + detail::pixels_text(padded.height, padded.width) +
                        " and its image take " + detail::mebibytes(whole) +
                        ", the memory limit is " + detail::mebibytes(limit) +
                        ", and this network cannot work in tiles: an output pixel may depend on "
                        "the whole image");
  plan.rows.rule = plan.columns.rule = *rule;
  do {
    TileAxis& longer = plan.rows.size >= plan.columns.size ? plan.rows : plan.columns;
    TileAxis& other = plan.rows.size >= plan.columns.size ? plan.columns : plan.rows;
    const int before = longer.size;
    longer = longer.smaller();
    if (longer.size == before) {
      const int last = other.size;
      other = other.smaller();
      if (other.size == last)
        throw ArgumentError("inpaint: the memory limit of " + detail::mebibytes(limit) +
                            " is too small: a pass over the smallest tile, " +
                            detail::pixels_text(plan.rows.size, plan.columns.size) +
                            ", and its image take " + detail::mebibytes(plan.bytes));
    }
  } while (!fits());
  for (const TileAxis* axis : {&plan.rows, &plan.columns})
    for (const int size : {axis->size, axis->extent(axis->count - 1)})
      if (!detail::accepts(s, size, size))
        throw ArgumentError("inpaint: the network does not accept tiles of " +
                            detail::pixels_text(size, size) + "; give it a larger memory limit");
  return plan;
}

}  // namespace tessera
