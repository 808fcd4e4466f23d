// SPDX-License-Identifier: BSD-3-Clause
// Total variation of a filled hole and of its seam [liu2018].
//
//   z = y in the hole, t elsewhere;   R = the hole and every pixel beside it, also diagonally
//   loss = sum over pairs p, q of R that are neighbours in a row or column, and over channels, of
//          |z[p, c] - z[q, c]|
//   dy[p, c] += factor * sum over neighbours q in R of sign(z[p, c] - z[q, c]), for p in the hole
//
// y is read in the hole alone and t in the rest of R alone: NaN elsewhere changes nothing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/device_number.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Scratch bytes: a double for each row, a byte for each pixel.
constexpr std::size_t total_variation_workspace(int batch, const Shape& shape) {
  return aligned_size(static_cast<std::size_t>(batch * shape.height) * sizeof(double)) +
         aligned_size(static_cast<std::size_t>(batch * shape.pixels()));
}

/// Returns the loss and adds its gradient to dy unless dy is empty. y, truth, dy [N, H, W, C], any
/// pixel stride; hole [N, H, W].
template <class T>
double total_variation(const Context<Cpu>&, std::type_identity_t<View<const T>> y,
                       std::type_identity_t<View<const T>> truth, HoleView hole, double factor,
                       View<T> dy, std::byte* workspace);
template <class T>
DeviceNumber total_variation(const Context<Cuda>&, std::type_identity_t<View<const T>> y,
                             std::type_identity_t<View<const T>> truth, HoleView hole,
                             double factor, View<T> dy, std::byte* workspace);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/total_variation.hpp>
#endif
