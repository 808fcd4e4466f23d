// SPDX-License-Identifier: BSD-3-Clause
// The arguments that say how mask images are read.
#pragma once
#include <tessera/data/mask_options.hpp>

#include "command_line.hpp"

struct MaskArguments {
  bool invert = false, alpha = false;
  std::int64_t threshold = 0;

  /// The arguments write into this object.
  void add_to(std::vector<Argument>& arguments) {
    arguments.push_back({"--invert", &invert, "of masks: fill what would be known"});
    arguments.push_back({"--mask-alpha", &alpha, "fill where masks are transparent"});
    arguments.push_back({"--threshold",
                         &threshold,
                         "least brightness of masks that is filled; 0: half of the range",
                         false,
                         {},
                         0,
                         65535});
  }
  tessera::MaskOptions options() const { return {invert, alpha, static_cast<int>(threshold)}; }
};
