// SPDX-License-Identifier: BSD-3-Clause
// A container for tests of layers that write into slices.
#pragma once
#include <tessera/network/containers.hpp>

namespace tessera::testing {

/// concat[A(x), B(x)]: both outputs are slices of one tensor.
template <class A, class B>
struct Both {
  static constexpr Value lower(auto& b, Value x) { return b.concat(b.add(A{}, x), b.add(B{}, x)); }
};

}  // namespace tessera::testing
