// SPDX-License-Identifier: BSD-3-Clause
// ReLU with one trained slope for negative inputs [he2015].
//
//   y  = x  where x > 0, else w x
//   dx = dy where x > 0, else w dy
//   dw += sum of dy x over x <= 0
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Pixels of one task: by channels alone.
constexpr std::int64_t prelu_chunk(int channels) { return channels < 16384 ? 16384 / channels : 1; }

/// Scratch bytes of the backward pass: a double for each task.
constexpr std::size_t prelu_workspace(int batch, const Shape& shape) {
  const std::int64_t chunk = prelu_chunk(shape.channels);
  const auto chunks = static_cast<std::size_t>((batch * shape.pixels() + chunk - 1) / chunk);
  return aligned_size(chunks * sizeof(double));
}

/// x, y [N, H, W, C], any pixel stride; y may be x; slope [1].
template <class T>
void prelu_forward(const Context<Cpu>&, const std::type_identity_t<T>* slope,
                   std::type_identity_t<View<const T>> x, View<T> y);
template <class T>
void prelu_forward(const Context<Cuda>&, const std::type_identity_t<T>* slope,
                   std::type_identity_t<View<const T>> x, View<T> y);

/// dx assigned, may be dy; *dslope added to, summed in double; each may be empty or null.
template <class T>
void prelu_backward(const Context<Cpu>&, const std::type_identity_t<T>* slope,
                    std::type_identity_t<View<const T>> x, std::type_identity_t<View<const T>> dy,
                    View<T> dx, std::type_identity_t<T>* dslope, std::byte* workspace);
template <class T>
void prelu_backward(const Context<Cuda>&, const std::type_identity_t<T>* slope,
                    std::type_identity_t<View<const T>> x, std::type_identity_t<View<const T>> dy,
                    View<T> dx, std::type_identity_t<T>* dslope, std::byte* workspace);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/prelu.hpp>
#endif
