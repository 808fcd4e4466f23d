// SPDX-License-Identifier: BSD-3-Clause
// Optimiser steps over flat buffers, one fused pass each, from the text of an optimiser
// (optimizers/optimizer_text.hpp).
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/text_names.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// One step over flat buffers, in one pass: w [n] and N buffers [n] updated, g [n] read and
/// multiplied by gradient_scale first.
template <class Step, class T>
void optimizer_step(const Context<Cpu>&, std::size_t n, T* w, const std::type_identity_t<T>* g,
                    T* const* buffers, const Step& step, double gradient_scale);

/// The same on a GPU, where step, scale and gate are the GPU's: a step that is repeated as a graph
/// reads those of its time. *scale multiplies the gradient, null = 1; nothing is updated where
/// *gate is 0, null = update.
template <class Step, class T>
void optimizer_step(const Context<Cuda>&, std::size_t n, T* w, const std::type_identity_t<T>* g,
                    T* const* buffers, const Step* step, const double* scale, const int* gate);

}  // namespace tessera::kernels

#include <tessera/kernels/cpu/optimizer.hpp>
