// SPDX-License-Identifier: BSD-3-Clause
// Output shapes of a network's blocks, to check a network against a printed table in one line.
#pragma once
#include <string_view>

#include <tessera/network/network.hpp>

namespace tessera {

/// The outermost named block an operation lies in: an index into the scopes, 0 for none.
constexpr int outer_block(const Structure& s, const Operation& op) {
  int scope = op.scope;
  while (scope > 0 && s.scopes[static_cast<std::size_t>(scope)].parent > 0)
    scope = s.scopes[static_cast<std::size_t>(scope)].parent;
  return scope;
}

/// Output shapes of the outermost named blocks, in the order they begin.
constexpr Grow<Shape> block_shapes(const Structure& s) {
  Grow<Shape> shapes;
  for (std::size_t scope = 1; scope < s.scopes.size(); ++scope) {
    if (s.scopes[scope].parent != 0) continue;
    Shape last;
    for (const Operation& op : s.operations)
      if (outer_block(s, op) == static_cast<int>(scope))
        last = s.values[static_cast<std::size_t>(op.output)].shape;
    shapes.push(last.unmasked());
  }
  return shapes;
}

/// Whether the network's named blocks give just these square outputs, each as channels@side:
/// static_assert(has_blocks<Net>("64@128 128@64 3@256")).
template <class Net>
constexpr bool has_blocks(std::string_view rows) {
  std::size_t at = 0;
  const auto number = [&] {
    int n = 0;
    for (; at < rows.size() && rows[at] >= '0' && rows[at] <= '9'; ++at)
      n = 10 * n + (rows[at] - '0');
    ++at;  // the separator
    return n;
  };
  for (const Shape& shape : block_shapes(structure<Net>)) {
    const int channels = number(), side = number();
    if (!(shape == Shape{side, side, channels})) return false;
  }
  return at == rows.size() + 1;
}

}  // namespace tessera
