// SPDX-License-Identifier: BSD-3-Clause
// The size of a grid or a block, and a position in it.
#pragma once
#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

struct Dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr unsigned long count() const { return static_cast<unsigned long>(x) * y * z; }
  friend constexpr bool operator==(const Dim3&, const Dim3&) = default;
};

}  // namespace tessera::cuda
