// SPDX-License-Identifier: BSD-3-Clause
// How holes are to be filled, and what is told meanwhile.
#pragma once
#include <cstddef>
#include <functional>

namespace tessera {

/// How far the filling of holes is.
struct InpaintReport {
  int tiles = 0, all_tiles = 0;  // done, and to do in all
};

struct InpaintOptions {
  std::size_t memory_limit = std::size_t{2} << 30;  // bytes of one pass and its part of the images
  std::function<void(const InpaintReport&)> on_pass{};  // called after each pass
};

}  // namespace tessera
