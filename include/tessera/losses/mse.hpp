// SPDX-License-Identifier: BSD-3-Clause
// Mean squared error of the network's output against the truth.
#pragma once
#include <tessera/losses/pixel_loss.hpp>

namespace tessera {

/// loss = sum over the region of (y - t)^2 / elements,   dy += weight * 2 (y - t) / elements
///
/// Shapes     output and truth [N, H, W, C], holes [N, H, W]
/// Options    region  whole image, hole or valid pixels;  mean_over  elements of the region, or of
///            the image, or nothing: a plain sum
/// Errors     ShapeError where output and truth differ; ArgumentError where a region needs holes
///            and there are none
struct MseLoss {
  Region region = Region::whole;
  MeanOver mean_over = MeanOver::region;
  std::string_view name{};  // of the term: mse, mse_hole or mse_valid unless given

  constexpr std::string_view term() const {
    if (!name.empty()) return name;
    return region == Region::whole ? "mse" : region == Region::hole ? "mse_hole" : "mse_valid";
  }
  std::string describe() const { return detail::describe_pixel_loss("mse", region, mean_over); }

  template <class Device, class T>
  void operator()(Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms,
                  double weight = 1) const {
    detail::pixel_loss(kernels::PixelError::squared, region, mean_over, term(), pass, truth, terms,
                       weight);
  }
};

}  // namespace tessera
