// SPDX-License-Identifier: BSD-3-Clause
// One layer of a long short-term memory [hochreiter1997], in one or two directions; PyTorch's gates
// i, f, g, o. At step t of a sequence, with h and c zero before its first step:
//
//   [i f g o] = x_t W_ih^T + b_ih + h W_hh^T + b_hh    each H wide; i, f, o by sigmoid, g by tanh
//   c <- f c + i g,   h <- o tanh(c),   y_t = h
//
// The second direction runs from the last step to the first.
//
// All arrays are time-major [T, S, ...]: the rows of one step lie side by side. With y = [forward,
// backward] the next layer reads y as its x. The backward pass is back-propagation through time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tessera/kernels/lstm_problem.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// y, gates and cells from x [T, S, I]; weights[D]. workspace: lstm_forward_workspace bytes.
template <class T>
void lstm_forward(const Context<Cpu>&, const LstmProblem&, const LstmWeights<const T>* weights,
                  const T* x, const LstmState<T>& state, std::byte* workspace);
template <class T>
void lstm_forward(const Context<Cuda>&, const LstmProblem&, const LstmWeights<const T>* weights,
                  const T* x, const LstmState<T>& state, std::byte* workspace);

/// dx [T, S, I] (assigned; null: not wanted) and gradients[D] from dy [T, S, D H].
template <class T>
void lstm_backward(const Context<Cpu>&, const LstmProblem&, const LstmWeights<const T>* weights,
                   const T* x, const LstmState<T>& state, const T* dy, T* dx,
                   const LstmWeights<T>* gradients, std::byte* workspace);
template <class T>
void lstm_backward(const Context<Cuda>&, const LstmProblem&, const LstmWeights<const T>* weights,
                   const T* x, const LstmState<T>& state, const T* dy, T* dx,
                   const LstmWeights<T>* gradients, std::byte* workspace);

/// to [T, S, C] from a view of N samples of height x T pixels, S = N height; and back.
template <class T>
void to_time_major(const Context<Cpu>&, View<const T> from, T* to);
template <class T>
void to_time_major(const Context<Cuda>&, View<const T> from, T* to);
template <class T>
void from_time_major(const Context<Cpu>&, const T* from, View<T> to);
template <class T>
void from_time_major(const Context<Cuda>&, const T* from, View<T> to);

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/lstm.hpp>
#endif
