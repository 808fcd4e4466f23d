// SPDX-License-Identifier: BSD-3-Clause
// The last step of a plan: an offset in the arena for every buffer.
#pragma once
#include <cstddef>

#include <tessera/network/plan.hpp>

namespace tessera::detail {

/// Greedy by size: the largest buffer first, each at the lowest offset free during its whole life.
constexpr void place_buffers(Plan& plan) {
  const int n = plan.buffers.size();
  Grow<int> order(n), scratch(n);
  for (int i = 0; i < n; ++i) order[i] = i;
  const auto before = [&](int a, int b) { return plan.buffers[a].bytes > plan.buffers[b].bytes; };
  // A merge sort: stable, and short in constant evaluation.
  for (int width = 1; width < n; width *= 2) {
    for (int lo = 0; lo < n; lo += 2 * width) {
      const int mid = lo + width < n ? lo + width : n, hi = lo + 2 * width < n ? lo + 2 * width : n;
      int a = lo, b = mid;
      for (int k = lo; k < hi; ++k)
        scratch[k] = a < mid && (b >= hi || !before(order[b], order[a])) ? order[a++] : order[b++];
    }
    for (int i = 0; i < n; ++i) order[i] = scratch[i];
  }
  Grow<int> placed;  // by offset
  for (int k = 0; k < n; ++k) {
    PlannedBuffer& buffer = plan.buffers[order[k]];
    if (buffer.bytes == 0) continue;
    std::size_t at = 0;
    for (int j = 0; j < placed.size(); ++j) {
      const PlannedBuffer& other = plan.buffers[placed[j]];
      if (other.last < buffer.first || buffer.last < other.first) continue;
      if (other.offset >= at + buffer.bytes) break;
      if (other.offset + other.bytes > at) at = other.offset + other.bytes;
    }
    buffer.offset = at;
    if (at + buffer.bytes > plan.bytes) plan.bytes = at + buffer.bytes;
    placed.push(order[k]);
    for (int j = placed.size() - 1; j > 0 && plan.buffers[placed[j - 1]].offset > at; --j) {
      placed[j] = placed[j - 1];
      placed[j - 1] = order[k];
    }
  }
}

}  // namespace tessera::detail
