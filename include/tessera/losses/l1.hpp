// SPDX-License-Identifier: BSD-3-Clause
// Mean absolute error of the network's output against the truth.
#pragma once
#include <tessera/losses/pixel_loss.hpp>

namespace tessera {

/// loss = sum over the region of |y - t| / elements
/// dy  += weight * sign(y - t) / elements, 0 where y = t
///
/// Shapes, options, errors: as MseLoss. [liu2018]'s terms are {Region::hole, MeanOver::image} and
/// {Region::valid, MeanOver::image}; {Region::hole, MeanOver::nothing} is the sum over holes.
struct L1Loss {
  Region region = Region::whole;
  MeanOver mean_over = MeanOver::region;
  std::string_view name{};  // of the term: l1, l1_hole or l1_valid unless given

  constexpr std::string_view term() const {
    if (!name.empty()) return name;
    return region == Region::whole ? "l1" : region == Region::hole ? "l1_hole" : "l1_valid";
  }
  std::string describe() const { return detail::describe_pixel_loss("l1", region, mean_over); }

  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    detail::pixel_loss(kernels::PixelError::absolute, region, mean_over, term(), pass, truth, terms,
                       weight);
  }
};

}  // namespace tessera
