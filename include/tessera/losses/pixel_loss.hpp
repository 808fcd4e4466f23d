// SPDX-License-Identifier: BSD-3-Clause
// What MSE and L1 share: an error per pixel, a region of the image, and what the sum is divided by.
#pragma once
#include <algorithm>

#include <tessera/kernels/cpu/pixel_loss.hpp>
#include <tessera/losses/loss.hpp>

namespace tessera {

/// Which pixels count: all, the holes alone, or the valid ones alone.
using Region = kernels::Region;

/// What the sum over the region is divided by: the region's elements, or all of the image's (as in
/// [liu2018]).
enum class MeanOver { region, image };

namespace detail {

/// "mse(hole, mean over region)".
inline std::string describe_pixel_loss(std::string_view name, Region region, MeanOver over) {
  return std::string(name) + "(" +
         (region == Region::whole ? "whole"
          : region == Region::hole ? "hole"
                                   : "valid") +
         ", mean over " + (over == MeanOver::region ? "region" : "image") + ")";
}

/// Adds weight * d mean(e(y - t)) / dy to the output gradient and reports the mean. An empty region
/// gives 0.
template <class Device, class T>
void pixel_loss(kernels::PixelError error, Region region, MeanOver over, std::string_view name,
                Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms, double weight) {
  const View<const T> y = pass.output();
  if (y.shape() != truth.images.shape() || y.batch != truth.images.batch)
    throw ShapeError(std::string(name) + ": the network's output is " + std::to_string(y.batch) +
                     " of " + to_string(y.shape()) + ", the truth " +
                     std::to_string(truth.images.batch) + " of " + to_string(truth.images.shape()));
  if (region != Region::whole && !truth.hole)
    throw ArgumentError(std::string(name) +
                        ": a loss on holes or valid pixels needs a hole mask, got none");
  const std::int64_t pixels = region == Region::whole || over == MeanOver::image
                                  ? y.pixels()
                                  : kernels::region_pixels(region, truth.hole, y.pixels());
  const double count = static_cast<double>(std::max<std::int64_t>(1, pixels * y.channels));
  const View<T> dy = pass.output_gradient();
  const double sum = kernels::pixel_loss(
      pass.context(), error, region, y, truth.images, truth.hole, weight / count, dy,
      pass.scratch(kernels::pixel_loss_workspace(y.batch, y.shape())));
  terms.add(name, sum / count, weight);
}

}  // namespace detail
}  // namespace tessera
