// SPDX-License-Identifier: BSD-3-Clause
// What a check of many numbers found: the worst of them, and where.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <tessera/tensor/finite.hpp>

namespace tessera::testing {

struct CheckReport {
  double worst_error = 0, tolerance = 0;
  std::string worst_tensor;
  std::int64_t worst_index = 0;
  int checked = 0;

  bool passed() const { return checked > 0 && worst_error <= tolerance; }

  /// Counts one number; whether it is the worst so far. NaN counts as infinite.
  bool note(double error, const std::string& tensor, std::int64_t index) {
    if (is_nan(error)) error = std::numeric_limits<double>::infinity();
    if (++checked > 1 && error <= worst_error) return false;
    worst_error = error;
    worst_tensor = tensor;
    worst_index = index;
    return true;
  }
};

}  // namespace tessera::testing
