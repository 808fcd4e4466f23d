// SPDX-License-Identifier: BSD-3-Clause
// Sums of elements' errors over the whole image, its holes or what is valid, and their gradients.
//
//   loss = sum over the region's pixels and all channels of f.error(y, t)
//   dy  += factor * f.derivative(y, t)
//
// with f a TESSERA_LOSS_FUNCTION (loss_function.hpp).
// Pixels outside the region are never read: NaN there changes nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/kernels/loss_function.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/device_number.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Which pixels count.
enum class Region { whole, hole, valid };

/// Pixels summed by one task: by channels alone.
constexpr std::int64_t pixel_loss_chunk(int channels) {
  return channels < 4096 ? 8192 / (channels > 0 ? channels : 1) : 1;
}

/// Scratch bytes: one double per chunk.
constexpr std::size_t pixel_loss_workspace(int batch, const Shape& shape) {
  const std::int64_t chunk = pixel_loss_chunk(shape.channels);
  const std::int64_t chunks = (batch * shape.pixels() + chunk - 1) / chunk;
  return aligned_size(static_cast<std::size_t>(chunks) * sizeof(double));
}

/// Returns the loss and adds factor * dloss/dy to dy unless dy is empty. y, target, dy [N, H, W,
/// C], any pixel stride; hole [N, H, W], may be empty for the whole image.
template <class F, class T>
double pixel_loss(const Context<Cpu>&, const F&, Region, std::type_identity_t<View<const T>> y,
                  std::type_identity_t<View<const T>> target, HoleView hole, double factor,
                  View<T> dy, std::byte* workspace);
template <class F, class T>
DeviceNumber pixel_loss(const Context<Cuda>&, const F&, Region,
                        std::type_identity_t<View<const T>> y,
                        std::type_identity_t<View<const T>> target, HoleView hole, double factor,
                        View<T> dy, std::byte* workspace);

/// The same, loss and gradient divided by the number of elements of the region, at least 1: on a
/// GPU alone, where the host does not know it.
template <class F, class T>
DeviceNumber pixel_loss_mean(const Context<Cuda>&, const F&, Region,
                             std::type_identity_t<View<const T>> y,
                             std::type_identity_t<View<const T>> target, HoleView hole,
                             double factor, View<T> dy, std::byte* workspace);

/// Number of pixels in the region, among `pixels` of `hole`.
std::int64_t region_pixels(Region, HoleView hole, std::ptrdiff_t pixels);

}  // namespace tessera::kernels

#include <tessera/kernels/cpu/pixel_loss.hpp>
