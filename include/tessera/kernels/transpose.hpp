// SPDX-License-Identifier: BSD-3-Clause
// How a matrix is read.
#pragma once
#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Whether a matrix is read as it lies or transposed.
enum class Transpose { no, yes };

}  // namespace tessera::kernels
