// SPDX-License-Identifier: BSD-3-Clause
// What a comparison of gradients with central differences found: the worst entry, and where.
#pragma once
#include <cstdio>
#include <string>

#include <tessera/testing/detail/check_report.hpp>

namespace tessera::testing {

struct GradientReport : CheckReport {
  double analytic = 0, numeric = 0;  // of the worst entry

  /// "double: 70 entries, worst error ... (tolerance ...) at input 0[3]: gradient ..., difference
  /// ...".
  std::string numbers_text(const char* scalar) const {
    char line[160], values[96];
    std::snprintf(line, sizeof line, "%s: %d entries, worst error %.2e (tolerance %.0e) at ",
                  scalar, checked, worst_error, tolerance);
    std::snprintf(values, sizeof values, "[%lld]: gradient %.9g, difference %.9g",
                  static_cast<long long>(worst_index), analytic, numeric);
    return line + worst_tensor + values;
  }
};

}  // namespace tessera::testing
