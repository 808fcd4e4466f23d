// SPDX-License-Identifier: BSD-3-Clause
// Which positions bilinear resizing reads along one axis, forward and backward.
#pragma once
#include <algorithm>

#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// The rule along one axis, from `in` positions to `out`.
struct BilinearAxis {
  int in, out;

  /// Position a of the output reads (1 - share) x[low] + share x[high].
  struct Taps {
    int low, high;
    double share;
    double weight(int i) const { return (i == low ? 1 - share : 0) + (i == high ? share : 0); }
  };
  Taps taps(int a) const {
    const double s = std::max((a + 0.5) * in / out - 0.5, 0.0);
    const int low = std::min(static_cast<int>(s), in - 1);
    return {low, std::min(low + 1, in - 1), s - low};
  }
  /// Output positions [first, last) outside of which none reads input position i; a few inside may
  /// not read it either: their weight is 0.
  int first(int i) const {
    return i == 0 ? 0 : std::max(0, static_cast<int>((i - 0.5) * out / in - 0.5) - 1);
  }
  int last(int i) const {
    return i == in - 1 ? out : std::min(out, static_cast<int>((i + 1.5) * out / in - 0.5) + 2);
  }
};

}  // namespace detail

}  // namespace tessera::kernels
