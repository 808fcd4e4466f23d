// SPDX-License-Identifier: BSD-3-Clause
// Sums of elements' losses against a target, one for all elements or one for each: binary cross
// entropies and the criteria of adversarial training.
//
//   loss = sum over all elements of f.error(y, t),   dy += factor * f.derivative(y, t)
//
// with f a TESSERA_LOSS_FUNCTION (loss_function.hpp).
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/kernels/pixel_loss.hpp>
#include <tessera/tensor/device_number.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Scratch bytes.
constexpr std::size_t target_loss_workspace(int batch, const Shape& shape) {
  return pixel_loss_workspace(batch, shape);
}

/// Returns the loss and adds factor * dloss/dy to dy unless dy is empty. y, targets, dy [N, H, W,
/// C], any pixel stride; where `targets` is empty, `target` stands for all elements.
template <class F, class T>
double target_loss(const Context<Cpu>&, const F&, std::type_identity_t<View<const T>> y,
                   std::type_identity_t<View<const T>> targets, double target, double factor,
                   View<T> dy, std::byte* workspace);
template <class F, class T>
DeviceNumber target_loss(const Context<Cuda>&, const F&, std::type_identity_t<View<const T>> y,
                         std::type_identity_t<View<const T>> targets, double target, double factor,
                         View<T> dy, std::byte* workspace);

}  // namespace tessera::kernels

#include <tessera/kernels/cpu/target_loss.hpp>
