// SPDX-License-Identifier: BSD-3-Clause
// Restoring images with a trained model: known pixels stay as they are, holes are filled. Images
// of any size that a fully convolutional network can be led to, within a limit of memory.
#pragma once
#include <algorithm>
#include <optional>
#include <string>

#include <tessera/network/model.hpp>
#include <tessera/tensor/xtensor.hpp>
#include <tessera/inference/inpaint_options.hpp>
#include <tessera/inference/restoration_plan.hpp>

namespace tessera {

namespace detail {

/// Runs the network over images `[N, H, W]` by the plan. `read(p, values)` writes the channels of
/// pixel p, `write(p, values)` takes the network's.
template <class AnyModel, class Read, class Write>
void run_passes(AnyModel& model, const RestorationPlan& plan, int height, int width, HoleView hole,
                Wanted wanted, const InpaintOptions& options, const Read& read,
                const Write& write) {
  using T = typename AnyModel::Scalar;
  std::optional<Pass<typename AnyModel::DeviceType, T>> pass;
  InpaintReport report{0, plan.tiles()};
  for (const PlannedPass& planned : plan.passes) {
    const int count = static_cast<int>(planned.cuttings.size());
    if (!pass || pass->batch() != count || pass->input().shape() != planned.size) {
      pass.reset();  // frees its memory before the next takes its own
      pass.emplace(model.pass(
          {.batch = count, .mode = Mode::evaluate, .gradients = false, .inputs = {planned.size}}));
    }
    run_on_cuttings(*pass, height, width, planned.cuttings, hole, read);
    const HostView y(pass->context(), pass->output());
    for (int n = 0; n < count; ++n) {
      const Cutting& cut = planned.cuttings[static_cast<std::size_t>(n)];
      const Box& box = planned.wanted[static_cast<std::size_t>(n)];
      for (int h = box.top; h < box.bottom; ++h)
        for (int w = box.left; w < box.right; ++w) {
          const std::ptrdiff_t p = (std::ptrdiff_t{cut.image} * height + h) * width + w;
          if (wanted == Wanted::all || hole.missing(p))
            write(p, y->pixel(n, h - cut.top, w - cut.left));
        }
    }
    report.tiles += count;
    if (options.on_pass) options.on_pass(report);
  }
}

inline std::size_t tensor_image_bytes(const Shape& s) {  // given, returned, and the hole
  return static_cast<std::size_t>(2 * s.size()) * sizeof(float) +
         static_cast<std::size_t>(s.pixels());
}

template <class AnyModel>
Tensor<float> run_on_images(AnyModel& model, View<const float> images, HoleView hole,
                            const InpaintOptions& options, Wanted wanted) {
  const Shape declared = AnyModel::structure().values[0].shape, given = images.shape();
  if (given.channels != declared.channels)
    throw ShapeError("inpaint: expected images [N, H, W, C] of " +
                     std::to_string(declared.channels) + " channels, got " + to_string(given));
  check_holes("inpaint", hole, images.batch, given);
  using T = typename AnyModel::Scalar;
  Tensor<float> result(images.batch, given);
  if (images.batch == 0) return result;
  const RestorationPlan plan =
      plan_passes(AnyModel::structure(), images.batch, given, hole, wanted,
                  tensor_image_bytes(given), options.memory_limit, sizeof(T));
  const int channels = given.channels;
  if (wanted == Wanted::holes)
    for (std::ptrdiff_t p = 0; p < images.pixels(); ++p)
      std::copy_n(images.pixel(p), channels, result.view().pixel(p));
  run_passes(
      model, plan, given.height, given.width, hole, wanted, options,
      [&](std::ptrdiff_t p, T* values) {
        for (int c = 0; c < channels; ++c) values[c] = static_cast<T>(images.pixel(p)[c]);
      },
      [&](std::ptrdiff_t p, const T* values) {
        for (int c = 0; c < channels; ++c)
          result.data()[p * channels + c] = static_cast<float>(values[c]);
      });
  return result;
}

}  // namespace detail

/// Fills the holes of images `[N, H, W, C]` in [0, 1]; holes `[N, H, W]`, if any. Known
/// pixels are returned bit by bit. Any size: image and mask are padded by reflection to the next
/// size that the network's shapes accept. The network is run over boxes around the holes, with all
/// that they depend on, cut into tiles where a pass would take more memory than the limit; a pixel
/// comes out as from one pass over the whole image. Errors: ShapeError if channels or sizes do not
/// fit; ArgumentError if the memory limit is too small
template <class Net, class Device, class T>
Tensor<float> inpaint_images(Model<Net, Device, T>& model, View<const float> images, HoleView hole,
                             const InpaintOptions& options = {}) {
  return detail::run_on_images(model, images, hole, options, Wanted::holes);
}
/// The network's output at every pixel, known ones too: what metrics look at.
template <class Net, class Device, class T>
Tensor<float> raw_output(Model<Net, Device, T>& model, View<const float> images, HoleView hole,
                         const InpaintOptions& options = {}) {
  return detail::run_on_images(model, images, hole, options, Wanted::all);
}

/// The same with xtensor containers: images `[N, H, W, C]` float, holes `[N, H, W]` of any number
/// type.
template <class Net, class Device, class T, class Images, class Holes>
requires requires(const Images& images, const Holes& holes) {
  images.dimension();
  holes.dimension();
}
xt::xtensor<float, 4> inpaint_images(Model<Net, Device, T>& model, const Images& images,
                                     const Holes& holes, const InpaintOptions& options = {}) {
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
  return to_xtensor(inpaint_images(
      model, view, make_hole_view(std::as_const(hole).data(), view.batch, view.shape()), options));
}

}  // namespace tessera
