// SPDX-License-Identifier: BSD-3-Clause
// How the work of a convolution is cut, by its sizes alone: into groups (a few images, or a band of
// rows of one image) whose packed input fits the second-level cache, and lanes of consecutive
// groups that share one scratch. Never a function of the number of threads.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/tensor/buffer.hpp>

namespace tessera::inline TESSERA_ABI::kernels::cpu {

inline constexpr std::size_t group_bytes = 512 * 1024;
inline constexpr std::ptrdiff_t max_lanes = 16;

constexpr std::ptrdiff_t divide_up(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

/// Images [image, image + images) x rows [row, row + rows).
struct Group {
  std::ptrdiff_t image, images, row, rows;
};

/// All groups: `images` images each, or bands of `rows` rows of one image.
struct GroupCut {
  std::ptrdiff_t batch = 0, height = 0;
  std::ptrdiff_t images = 1, rows = 1;

  constexpr std::ptrdiff_t bands() const { return divide_up(height, rows); }
  constexpr std::ptrdiff_t count() const { return divide_up(batch, images) * bands(); }
  constexpr std::ptrdiff_t lanes() const { return std::min(count(), max_lanes); }
  constexpr Group group(std::ptrdiff_t i) const {
    const std::ptrdiff_t image = i / bands() * images, row = i % bands() * rows;
    return {image, std::min(images, batch - image), row, std::min(rows, height - row)};
  }
  /// First group of a lane.
  constexpr std::ptrdiff_t lane_begin(std::ptrdiff_t lane) const {
    return lane * count() / lanes();
  }
};

/// `height` rows per image of `row_bytes` scratch and `width` pixels each.
constexpr GroupCut cut_groups(std::ptrdiff_t batch, std::ptrdiff_t height, std::ptrdiff_t width,
                              std::size_t row_bytes) {
  GroupCut cut{batch, height, 1, std::max<std::ptrdiff_t>(height, 1)};
  if (batch <= 0 || height <= 0 || width <= 0) return cut;
  const auto room = static_cast<std::ptrdiff_t>(group_bytes / std::max<std::size_t>(row_bytes, 1));
  if (room >= 2 * height) {  // images in fours: tiles run along images where these are small
    const std::ptrdiff_t fours = divide_up(divide_up(batch, max_lanes), 4) * 4;
    cut.images = std::min({room / height, fours, batch});
  }
  std::ptrdiff_t bands = divide_up(height, std::max<std::ptrdiff_t>(room, 1));
  if (cut.count() < 8) {  // too few tasks: bands, but of 128 pixels or more
    const std::ptrdiff_t most = std::max<std::ptrdiff_t>(1, height * width / 128);
    if (most > 1) cut.images = 1;
    bands = std::max(bands, std::min(divide_up(8, batch), most));
  }
  cut.rows = divide_up(height, std::min(bands, height));
  if (cut.rows < height) cut.images = 1;
  return cut;
}

/// Takes aligned arrays from a workspace one behind the other; with a null base it only measures.
class Carver {
 public:
  constexpr explicit Carver(std::byte* base = nullptr) : base_(base) {}
  template <class U>
  U* take(std::ptrdiff_t count) {
    std::byte* p = base_ + used_;
    measure<U>(count);
    return reinterpret_cast<U*>(p);
  }
  template <class U>
  constexpr void measure(std::ptrdiff_t count) {
    used_ += aligned_size(static_cast<std::size_t>(count) * sizeof(U));
  }
  constexpr std::size_t used() const { return used_; }

 private:
  std::byte* base_;
  std::size_t used_ = 0;
};

}  // namespace tessera::kernels::cpu
