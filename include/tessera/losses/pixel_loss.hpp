// SPDX-License-Identifier: BSD-3-Clause
// What losses of elements share: an error per pixel, a region of the image, and what the sum is divided by;
// and what all losses against a truth check.
#pragma once
#include <algorithm>

#include <tessera/kernels/pixel_loss.hpp>
#include <tessera/losses/loss.hpp>
#include <tessera/tensor/check_holes.hpp>

namespace tessera {

/// Which pixels count: all, the holes alone, or the valid ones alone.
using Region = kernels::Region;

/// What the sum over the region is divided by: the region's elements, all of the image's (as in
/// [liu2018]), or nothing: then it stays a sum over batch, channels and pixels.
enum class MeanOver { region, image, nothing };

namespace detail {

/// "mse(hole, mean over region)", "huber(delta 1, hole, sum)".
inline std::string describe_pixel_loss(std::string_view name, Region region, MeanOver over,
                                       const std::string& settings) {
  return std::string(name) + "(" + settings + (settings.empty() ? "" : ", ") +
         (region == Region::whole  ? "whole"
          : region == Region::hole ? "hole"
                                   : "valid") +
         (over == MeanOver::region  ? ", mean over region)"
          : over == MeanOver::image ? ", mean over image)"
                                    : ", sum)");
}

/// Throws where output, truth and holes differ in size, or where there are no holes and something
/// needs them.
template <class T>
void check_truth(std::string_view name, View<const T> y, const Truth<T>& truth,
                 std::string_view needs_holes = {}) {
  if (y.shape() != truth.images.shape() || y.batch != truth.images.batch)
    throw ShapeError(
        text({name, ": the network's output is ", y.batch, " of ", to_string(y.shape()),
              ", the truth ", truth.images.batch, " of ", to_string(truth.images.shape())}));
  check_holes(name, truth.hole, y.batch, y.shape());
  if (!needs_holes.empty() && !truth.hole)
    throw ArgumentError(text({name, ": ", needs_holes, " needs a hole mask, got none"}));
}

/// Adds weight * d mean(f.error(y, t)) / dy to the output gradient and reports the mean. An empty region
/// gives 0.
template <class F, class Device, class T>
void pixel_loss(const F& f, Region region, MeanOver over, std::string_view name,
                Pass<Device, T>& pass, const Truth<T>& truth, LossTerms& terms, double weight) {
  const View<const T> y = pass.output();
  check_truth(name, y, truth, region == Region::whole ? "" : "a loss on holes or valid pixels");
  const View<T> dy = pass.output_gradient();
  std::byte* const scratch = loss_scratch(pass, kernels::pixel_loss_workspace(y.batch, y.shape()));
  std::int64_t pixels = y.pixels();
  if (region != Region::whole && over == MeanOver::region) {
    if constexpr (Memory<Device>::on_host)
      pixels = kernels::region_pixels(region, truth.hole, y.pixels());
    else  // the GPU counts
      return terms.add(name,
                       kernels::pixel_loss_mean(pass.context(), f, region, y, truth.images,
                                                truth.hole, weight, dy, scratch),
                       weight);
  }
  const double count = over == MeanOver::nothing
                           ? 1
                           : static_cast<double>(std::max<std::int64_t>(1, pixels * y.channels));
  const auto sum = kernels::pixel_loss(pass.context(), f, region, y, truth.images, truth.hole,
                                       weight / count, dy, scratch);
  terms.add(name, sum / count, weight);
}

}  // namespace detail
}  // namespace tessera
