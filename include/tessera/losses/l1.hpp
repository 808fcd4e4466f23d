// SPDX-License-Identifier: BSD-3-Clause
// Mean absolute error of the network's output against the truth.
#pragma once
#include <tessera/losses/loss_text.hpp>

namespace tessera {

/// loss = sum over the region of |y - t| / elements
/// dy  += weight * sign(y - t) / elements, 0 where y = t
///
/// Shapes, options, errors: as MseLoss. [liu2018]'s terms are {Region::hole, MeanOver::image} and
/// {Region::valid, MeanOver::image}; {Region::hole, MeanOver::nothing} is the sum over holes.
struct L1Loss {
  using Function = kernels::AbsoluteError;
  TESSERA_LOSS_MEMBERS(L1Loss, ())
};

}  // namespace tessera
