// SPDX-License-Identifier: BSD-3-Clause
// Mean squared error of the network's output against the truth.
#pragma once
#include <tessera/losses/loss_text.hpp>

namespace tessera {

/// loss = sum over the region of (y - t)^2 / elements,   dy += weight * 2 (y - t) / elements
///
/// Shapes     output and truth [N, H, W, C], holes [N, H, W]
/// Options    region  whole image, hole or valid pixels;  mean_over  elements of the region, or of
///            the image, or nothing: a plain sum;  name  of the term: mse, mse_hole or mse_valid
///            unless given
/// Errors     ShapeError where output and truth differ; ArgumentError where a region needs holes
///            and there are none
struct MseLoss {
  using Function = kernels::SquaredError;
  TESSERA_LOSS_MEMBERS(MseLoss, ())
};

}  // namespace tessera
