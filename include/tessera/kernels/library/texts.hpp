// SPDX-License-Identifier: BSD-3-Clause
// Which pointwise functions, losses and optimisers the compiled library holds for every kind of processor:
// they have a number. The texts of a user are compiled in his own program, for its instructions.
#pragma once
#include <cstddef>

#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels::library {

/// Number of a pointwise function; -1: not the library's. Given in kernels/functions.hpp.
template <class Function>
inline constexpr int function_number = -1;
inline constexpr int function_count = 9;

/// Number of an optimiser's step; -1: not the library's. Given in optimizers/algorithms.hpp.
template <class Step>
inline constexpr int step_number = -1;
inline constexpr int step_count = 4;

/// Number of a loss's function; -1: not the library's. Given in kernels/loss_function.hpp.
template <class Function>
inline constexpr int error_number = -1;
inline constexpr int error_count = 6;

template <class T>
double pixel_loss(int error, const Context<Cpu>& c, int region, View<const T> y,
                  View<const T> target, HoleView hole, double factor, View<T> dy,
                  std::byte* workspace);
template <class T>
double target_loss(int error, const Context<Cpu>& c, View<const T> y, View<const T> targets,
                   double target, double factor, View<T> dy, std::byte* workspace);
template <class T>
void pointwise_forward(int function, const Context<Cpu>& c, View<const T> x, View<T> y);
template <class T>
void pointwise_backward(int function, const Context<Cpu>& c, View<const T> x, View<const T> y,
                        View<const T> dy, View<T> dx);
template <class T>
void optimizer_step(int number, const Context<Cpu>& c, std::size_t n, T* w, const T* g,
                    T* const* buffers, const void* step, double gradient_scale);

}  // namespace tessera::kernels::library
