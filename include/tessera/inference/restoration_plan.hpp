// SPDX-License-Identifier: BSD-3-Clause
// Which parts of which images go through the network, and in which passes: boxes around the holes,
// cut into tiles where a pass would take too much memory.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <tessera/inference/detail/hole_boxes.hpp>
#include <tessera/inference/masked_input.hpp>
#include <tessera/inference/tiles.hpp>

namespace tessera {

/// Which output pixels are asked for.
enum class Wanted { holes, all };

/// One pass: parts of images, all of one size, and the pixels that are taken from each.
struct PlannedPass {
  Shape size{};
  std::vector<Cutting> cuttings;
  std::vector<Box> wanted;  // in the image, one for each cutting
};

/// All passes over a set of images.
struct RestorationPlan {
  std::vector<PlannedPass> passes;
  std::size_t bytes = 0;  // what the largest pass takes, and its images

  /// Parts that go through the network.
  int tiles() const {
    std::size_t count = 0;
    for (const PlannedPass& pass : passes) count += pass.cuttings.size();
    return static_cast<int>(count);
  }
  /// The size of the largest part; 0x0 where nothing is run.
  Shape largest() const {
    Shape most{};
    for (const PlannedPass& pass : passes)
      if (pass.size.pixels() > most.pixels()) most = pass.size;
    return most;
  }
};

namespace detail {

inline constexpr int max_inpaint_batch = 32;

/// A part of an image that goes through the network, and the pixels taken from it.
struct Part {
  int image = 0;
  Box region, wanted;
};
/// Parts by height and width.
using PartsBySize = std::map<std::pair<int, int>, std::vector<Part>>;

/// Makes a RestorationPlan.
class RestorationPlanner {
 public:
  RestorationPlanner(const Structure& s, int images, const Shape& image, HoleView hole,
                     Wanted wanted)
      : s_(s),
        image_(image),
        padded_(padded_size(s, image)),
        rule_(tile_rule(s)),
        hole_(hole),
        wanted_(wanted) {
    const Box all{0, 0, image.height, image.width};
    for (int n = 0; n < images; ++n) {
      if (wanted == Wanted::all) add({n, whole(), all});
      else if (!rule_) add({n, whole(), bounds_of_holes(hole.image(n), all)});
      else
        for (const Box& box : hole_boxes(hole.image(n), *rule_, padded_))
          add({n, region(box, whole()), box});
    }
  }

  RestorationPlan plan(std::size_t image_bytes, std::size_t limit, std::size_t scalar_size) {
    const PartsBySize wanted = std::exchange(parts_, {});
    std::map<std::pair<int, int>, int> batch;  // images of a pass of this size
    RestorationPlan plan;
    for (const auto& [size, parts] : wanted) {
      const int most = std::min(max_inpaint_batch, static_cast<int>(parts.size()));
      const TilePlan tiles = plan_tiles(s_, {size.first, size.second, image_.channels}, most,
                                        image_bytes, limit, scalar_size);
      plan.bytes = std::max(plan.bytes, tiles.bytes);
      if (tiles.tiles() == 1) batch[size] = tiles.batch;
      for (const Part& part : parts)
        if (tiles.tiles() == 1) add(part);
        else cut(part, tiles);
    }
    for (const auto& [size, parts] : parts_) {
      const auto found = batch.find(size);
      const auto most = static_cast<std::size_t>(found == batch.end() ? 1 : found->second);
      for (std::size_t first = 0; first < parts.size(); first += most) {
        PlannedPass pass{{size.first, size.second, image_.channels}, {}, {}};
        for (std::size_t i = first; i < std::min(parts.size(), first + most); ++i) {
          pass.cuttings.push_back({parts[i].image, parts[i].region.top, parts[i].region.left});
          pass.wanted.push_back(parts[i].wanted);
        }
        plan.passes.push_back(std::move(pass));
      }
    }
    return plan;
  }

 private:
  Box whole() const { return {0, 0, padded_.height, padded_.width}; }
  /// Of these pixels, or `otherwise` where the network does not accept that size.
  Box region(const Box& wanted, const Box& otherwise) const {
    const Box box = region_of(wanted, *rule_, padded_);
    const Shape size{box.height(), box.width(), image_.channels};
    const SizeCheck check = check_size(s_, size.height, size.width);
    return check.complaint == Complaint::none && check.output == size ? box : otherwise;
  }
  void add(const Part& part) {
    if (!part.wanted.empty()) parts_[{part.region.height(), part.region.width()}].push_back(part);
  }
  /// The tiles of a part that anything is wanted from, no larger than that needs.
  void cut(const Part& part, const TilePlan& plan) {
    for (int i = 0; i < plan.rows.count; ++i)
      for (int j = 0; j < plan.columns.count; ++j) {
        const int top = part.region.top, left = part.region.left;
        Box inner{top + plan.rows.inner_begin(i), left + plan.columns.inner_begin(j),
                  top + plan.rows.inner_end(i), left + plan.columns.inner_end(j)};
        inner = inner.within(part.wanted);
        if (wanted_ == Wanted::holes && !inner.empty())
          inner = bounds_of_holes(hole_.image(part.image), inner);
        if (inner.empty()) continue;
        const Box tile{top + plan.rows.origin(i), left + plan.columns.origin(j),
                       top + plan.rows.origin(i) + plan.rows.extent(i),
                       left + plan.columns.origin(j) + plan.columns.extent(j)};
        add({part.image, wanted_ == Wanted::holes ? region(inner, tile) : tile, inner});
      }
  }

  const Structure& s_;
  Shape image_, padded_;
  std::optional<TileRule> rule_;
  HoleView hole_;
  Wanted wanted_;
  PartsBySize parts_;
};

}  // namespace detail

/// Plans the passes over `images` of one shape, under holes `[N, H, W]`: for every wanted pixel the
/// network sees what that pixel depends on, so on the CPU it comes out as from the whole image, bit
/// by bit. A pass and `image_bytes` for each of its images take at most `limit` bytes. A network
/// whose outputs may depend on the whole image is run over it.
/// Errors: those of padded_size and plan_tiles
inline RestorationPlan plan_passes(const Structure& s, int images, const Shape& image,
                                   HoleView hole, Wanted wanted, std::size_t image_bytes,
                                   std::size_t limit, std::size_t scalar_size) {
  return detail::RestorationPlanner(s, images, image, hole, wanted)
      .plan(image_bytes, limit, scalar_size);
}

}  // namespace tessera
