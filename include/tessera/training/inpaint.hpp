// SPDX-License-Identifier: BSD-3-Clause
// Restoring images with a trained model: known pixels stay as they are, holes are filled.
#pragma once
#include <algorithm>

#include <tessera/network/model.hpp>
#include <tessera/tensor/xtensor.hpp>
#include <tessera/training/masked_input.hpp>

namespace tessera {

/// Fills the holes of images `[N, H, W, C]` in [0, 1]; holes `[N, H, W]`, not 0 = missing. Known
/// pixels are returned bit by bit. Any size the network's shapes accept. Errors: ShapeError if
/// channels or sizes do not fit
template <class Net, class Device, class T>
Tensor<float> inpaint_images(Model<Net, Device, T>& model, View<const float> images,
                             const std::uint8_t* hole) {
  constexpr int max_batch = 32;
  const Shape declared = input_shape<Net>, given = images.shape();
  if (given.channels != declared.channels)
    throw ShapeError("inpaint: expected images [N, H, W, C] of " +
                     std::to_string(declared.channels) + " channels, got " + to_string(given));
  Tensor<float> restored(images.batch, given);
  std::optional<Pass<Device, T>> pass;
  for (int first = 0; first < images.batch; first += max_batch) {
    const int count = std::min(max_batch, images.batch - first);
    if (!pass || pass->batch() != count)
      pass.emplace(model.pass(
          {.batch = count, .mode = Mode::evaluate, .gradients = false, .inputs = {given}}));
    View<const float> part = images;
    part.data += std::ptrdiff_t{first} * given.pixels() * images.stride;
    part.batch = count;
    const std::uint8_t* const part_hole = hole + std::ptrdiff_t{first} * given.pixels();
    run_on_masked(*pass, part, part_hole);
    const View<const T> y = pass->output();
    if (y.shape() != given)
      throw ShapeError("inpaint: the network's output is " + to_string(y.shape()) +
                       ", expected the image's " + to_string(given));
    float* const out = restored.data() + std::ptrdiff_t{first} * given.size();
    for (std::ptrdiff_t p = 0; p < y.pixels(); ++p)
      for (int c = 0; c < y.channels; ++c)
        out[p * y.channels + c] =
            part_hole[p] ? static_cast<float>(y.pixel(p)[c]) : part.pixel(p)[c];
  }
  return restored;
}

/// The same with xtensor containers: images `[N, H, W, C]` float, holes `[N, H, W]` of any number
/// type.
template <class Net, class Device, class T, class Images, class Holes>
requires requires(const Images& images, const Holes& holes) {
  images.dimension();
  holes.dimension();
}
xt::xtensor<float, 4> inpaint_images(Model<Net, Device, T>& model, const Images& images,
                                     const Holes& holes) {
  const View<const float> view = as_view(images);
  if (view.channels != input_shape<Net>.channels)
    throw ShapeError("inpaint: expected images [N, H, W, C] of " +
                     std::to_string(input_shape<Net>.channels) + " channels, got " +
                     to_string(view.shape()));
  std::string got;
  for (const auto size : holes.shape()) got += (got.empty() ? "[" : ", ") + std::to_string(size);
  got += got.empty() ? "a number" : "]";
  if (holes.dimension() != 3 || holes.shape()[0] != images.shape()[0] ||
      holes.shape()[1] != images.shape()[1] || holes.shape()[2] != images.shape()[2])
    throw ShapeError("inpaint: expected holes [" + std::to_string(view.batch) + ", " +
                     std::to_string(view.height) + ", " + std::to_string(view.width) + "], got " +
                     got);
  Buffer<std::uint8_t> hole(holes.size());
  std::transform(holes.begin(), holes.end(), hole.begin(),
                 [](auto h) { return static_cast<std::uint8_t>(h != 0); });
  return to_xtensor(inpaint_images(model, view, hole.data()));
}

}  // namespace tessera
