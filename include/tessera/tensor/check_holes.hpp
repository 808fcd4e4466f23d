// SPDX-License-Identifier: BSD-3-Clause
// Whether holes that a user hands in are of the size of the images.
#pragma once
#include <string_view>

#include <tessera/tensor/error.hpp>
#include <tessera/tensor/text.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::detail {

/// Errors: ShapeError unless there are no holes, or they are `[batch, H, W]` of images of `shape`
inline void check_holes(std::string_view who, const HoleView& hole, int batch, const Shape& shape) {
  if (!hole || (hole.batch == batch && hole.height == shape.height && hole.width == shape.width))
    return;
  throw ShapeError(text({who, ": expected holes [", batch, ", ", shape.height, ", ", shape.width,
                         "], got [", hole.batch, ", ", hole.height, ", ", hole.width, "]"}));
}

}  // namespace tessera::detail
