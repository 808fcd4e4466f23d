// SPDX-License-Identifier: BSD-3-Clause
// Sums of elements' losses against a target, one for all elements or one for each: binary cross
// entropies and the criteria of adversarial training.
//
//   loss = sum over all elements of e(y, t),   dy += factor * de/dy
//
//   cross_entropy        e = -(t max(log y, -100) + (1 - t) max(log(1 - y), -100))
//                        de/dy = (y - t) / max(y (1 - y), 1e-12)
//   logit_cross_entropy  e = max(y, 0) - y t + log(1 + exp(-|y|)),   de/dy = 1/(1 + exp(-y)) - t
//   squared              e = (y - t)^2
//   hinge                e = max(0, 1 - t y);  0 where 1 - t y = 0
//   linear               e = -t y
//
// The bound of the logarithm and of the derivative's denominator are PyTorch's.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/kernels/pixel_loss.hpp>
#include <tessera/tensor/device_number.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// What is summed over the elements.
enum class TargetError { cross_entropy, logit_cross_entropy, squared, hinge, linear };

namespace detail {
/// Returns work.operator()<error>().
template <class Work>
auto with_target_error(TargetError error, const Work& work) {
  switch (error) {
    case TargetError::cross_entropy:
      return work.template operator()<TargetError::cross_entropy>();
    case TargetError::logit_cross_entropy:
      return work.template operator()<TargetError::logit_cross_entropy>();
    case TargetError::squared:
      return work.template operator()<TargetError::squared>();
    case TargetError::hinge:
      return work.template operator()<TargetError::hinge>();
    default:
      return work.template operator()<TargetError::linear>();
  }
}
}  // namespace detail

/// Scratch bytes.
constexpr std::size_t target_loss_workspace(int batch, const Shape& shape) {
  return pixel_loss_workspace(batch, shape);
}

/// Returns the loss and adds factor * dloss/dy to dy unless dy is empty. y, targets, dy [N, H, W,
/// C], any pixel stride; where `targets` is empty, `target` stands for all elements.
template <class T>
double target_loss(const Context<Cpu>&, TargetError, std::type_identity_t<View<const T>> y,
                   std::type_identity_t<View<const T>> targets, double target, double factor,
                   View<T> dy, std::byte* workspace);
template <class T>
DeviceNumber target_loss(const Context<Cuda>&, TargetError, std::type_identity_t<View<const T>> y,
                         std::type_identity_t<View<const T>> targets, double target, double factor,
                         View<T> dy, std::byte* workspace);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/target_loss.hpp>
#endif
