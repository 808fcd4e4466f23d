// SPDX-License-Identifier: BSD-3-Clause
// The sizes of a two-dimensional convolution: what its kernels and cuDNN are asked for.
#pragma once
#include <tessera/abi.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Sizes of one convolution. Kernel (square) and stride are template arguments of the kernels;
/// everything else is a run-time value, so a new image size or channel count is not a new
/// instantiation.
struct Conv2dProblem {
  int batch = 0;
  int in_height = 0, in_width = 0, in_channels = 0;
  int out_height = 0, out_width = 0, out_channels = 0;
  int kernel = 1, stride = 1, padding = 0;
};

/// The distance of outputs along an axis from which on their bits agree: 2 where a convolution may be computed in
/// squares of 2x2 outputs (Winograd), which pays for many channels of both sides.
constexpr int conv2d_grid(int kernel, int stride, int in_channels, int out_channels) {
  return kernel == 3 && stride == 1 && in_channels >= 32 && out_channels >= 32 ? 2 : 1;
}

}  // namespace tessera::kernels
