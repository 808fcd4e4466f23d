// SPDX-License-Identifier: BSD-3-Clause
// How images with holes enter a network: 0 in the holes, and the mask of valid pixels where the
// network takes one.
#pragma once
#include <algorithm>
#include <cstdint>

#include <tessera/data/masks.hpp>
#include <tessera/network/pass.hpp>

namespace tessera {

/// Writes images and the mask of holes into a pass's input, 0 in the holes, and runs it in
/// evaluation mode.
template <class Device, class T>
void run_on_masked(Pass<Device, T>& pass, View<const float> images, const std::uint8_t* hole) {
  const View<T> x = pass.input();
  for (std::ptrdiff_t p = 0; p < x.pixels(); ++p)
    for (int c = 0; c < x.channels; ++c)
      x.pixel(p)[c] = hole && hole[p] ? T(0) : static_cast<T>(images.pixel(p)[c]);
  if (const MutableMaskView valid = pass.input_valid()) {
    if (hole) valid_from_hole(hole, valid.data, static_cast<std::size_t>(valid.pixels()));
    else std::fill_n(valid.data, valid.size(), std::uint8_t{1});
  }
  pass.forward();
}

}  // namespace tessera
