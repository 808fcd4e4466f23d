// SPDX-License-Identifier: BSD-3-Clause
// Clamp: values beyond two bounds are set to the bound.
#pragma once
#include <tessera/kernels/functions.hpp>
#include <tessera/layers/options.hpp>
#include <tessera/layers/pointwise.hpp>

namespace tessera {

/// y = min(max(x, lowest), highest); NaN passes.
///
/// Shapes     x [N, H, W, C]  ->  y [N, H, W, C]; masks are passed on
/// Template   Range  bounds(0, 1) unless given
/// Gradients  x: assigned (=); dy where lowest <= x <= highest, bounds included (at a bound
///            PyTorch gives dy or 0, by version), else 0.  x is kept for backward
template <Bounds Range = bounds(0, 1)>
struct Clamp : Pointwise<kernels::ClampTo<Range>> {
  static constexpr std::string_view name = "clamp";
};

}  // namespace tessera
