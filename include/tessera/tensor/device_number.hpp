// SPDX-License-Identifier: BSD-3-Clause
// A number that a GPU computes: known to the host when it asks.
#pragma once
#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI {

/// `factor` times a double in a GPU's memory, such as the sum of a loss.
///
/// Rule       value() waits for the GPU's work; the place is used again after a while, and by a
///            repeated step at once, so read before the next step
struct DeviceNumber {
  const double* data = nullptr;
  void* engine = nullptr;
  double (*read)(void* engine, const double* data) = nullptr;
  double factor = 1;

  double value() const { return factor * read(engine, data); }
  friend DeviceNumber operator*(double scale, DeviceNumber n) {
    n.factor *= scale;
    return n;
  }
  friend DeviceNumber operator/(DeviceNumber n, double divisor) {
    n.factor /= divisor;
    return n;
  }
};

}  // namespace tessera
