// SPDX-License-Identifier: BSD-3-Clause
// Sizes that a layer need not be told: `any` leaves a layer's input channels to what comes before.
//   Conv2d<any, 64, kernel(3).same()>, Linear<any, 10>, BatchNorm2d<>
#pragma once
#include <tessera/layers/complaint.hpp>

namespace tessera {

/// In place of a layer's input channels (or a size that its weights depend on): the number that
/// comes in. A number written out is checked instead.
inline constexpr int any = -1;

/// A template argument that is a count or `any`.
constexpr bool count_or_any(int declared) { return declared > 0 || declared == any; }

/// The number a layer works with: the declared one, or the one that comes in.
constexpr int deduced(int declared, int found) { return declared == any ? found : declared; }

/// Whether a layer of `declared` input channels takes this input.
constexpr bool takes_channels(int declared, const Shape& in) {
  return in.channels > 0 && in.channels == deduced(declared, in.channels);
}

}  // namespace tessera
