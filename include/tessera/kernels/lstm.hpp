// SPDX-License-Identifier: BSD-3-Clause
// One layer of a long short-term memory [hochreiter1997], in one or two directions; PyTorch's gates
// i, f, g, o. At step t of a sequence, with h and c zero before its first step:
//
//   [i f g o] = x_t W_ih^T + b_ih + h W_hh^T + b_hh      each H wide; i, f, o through sigmoid, g
//   tanh c <- f c + i g,   h <- o tanh(c),   y_t = h          the second direction runs from the
//   last step
//
// All arrays are time-major [T, S, ...]: the rows of one step lie side by side. With y = [forward,
// backward] the next layer reads y as its x. The backward pass is back-propagation through time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tessera/tensor/buffer.hpp>
#include <tessera/kernels/cpu/width.hpp>
#include <tessera/tensor/buffer.hpp>
#include <tessera/tensor/context.hpp>
#include <tessera/tensor/view.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

/// Sizes of one layer: S sequences of T steps, I inputs, H hidden units, D directions (1 or 2).
struct LstmProblem {
  std::ptrdiff_t sequences = 0, steps = 0, inputs = 0, hidden = 0, directions = 1;
  constexpr std::ptrdiff_t rows() const { return sequences * steps; }
  constexpr std::ptrdiff_t outputs() const { return directions * hidden; }
};

/// Weights of one direction, or their gradients: [4H, I], [4H, H], [4H], [4H]. A gradient that is
/// null is not wanted; the others are added to.
template <class T>
struct LstmWeights {
  T *input = nullptr, *recurrent = nullptr, *input_bias = nullptr, *recurrent_bias = nullptr;
};

/// What forward keeps for backward, [T, S, ...] for each direction: gates [D][T, S, 4H] after their
/// functions, cells [D][T, S, H]; and the layer's output y [T, S, D H].
template <class T>
struct LstmState {
  T *gates = nullptr, *cells = nullptr, *y = nullptr;
};

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

#ifdef TESSERA_COMPILED
// What the kernels that were chosen for this processor need.
namespace library {
template <class T>
std::size_t lstm_forward_workspace(const LstmProblem&);
template <class T>
std::size_t lstm_backward_workspace(const LstmProblem&);
}  // namespace library
#endif
/// Bytes of so many elements in the workspace of an LSTM.
template <class T>
constexpr std::size_t lstm_bytes(std::ptrdiff_t elements) {
  return aligned_size(static_cast<std::size_t>(elements) * sizeof(T));
}

namespace detail {

/// Elements of the packed recurrent weights: forward, panels of one vector of units by four gates;
/// backward, panels of four vectors of units.
template <class T>
constexpr std::ptrdiff_t lstm_forward_panels(const LstmProblem& p) {
  const std::ptrdiff_t panels = (p.hidden + vector_width<T> - 1) / vector_width<T>;
  return panels * p.hidden * 4 * vector_width<T>;
}
template <class T>
constexpr std::ptrdiff_t lstm_backward_panels(const LstmProblem& p) {
  const std::ptrdiff_t width = 4 * vector_width<T>, panels = (p.hidden + width - 1) / width;
  return panels * 4 * p.hidden * width;
}

}  // namespace detail

/// Scratch bytes, by shape and scalar alone.
template <class T>
constexpr std::size_t lstm_forward_workspace(const LstmProblem& p) {
#ifdef TESSERA_COMPILED
  if (!std::is_constant_evaluated()) return library::lstm_forward_workspace<T>(p);
#endif
  return lstm_bytes<T>(p.directions * detail::lstm_forward_panels<T>(p)) +
         lstm_bytes<T>(p.directions * 4 * p.hidden);
}
template <class T>
constexpr std::size_t lstm_backward_workspace(const LstmProblem& p) {
#ifdef TESSERA_COMPILED
  if (!std::is_constant_evaluated()) return library::lstm_backward_workspace<T>(p);
#endif
  return lstm_bytes<T>(p.directions * detail::lstm_backward_panels<T>(p)) +
         lstm_bytes<T>(p.directions * p.rows() * 4 * p.hidden) +
         lstm_bytes<T>(p.directions * p.sequences * p.hidden);
}

}  // namespace tessera::kernels

#ifndef TESSERA_COMPILED
#include <tessera/kernels/cpu/lstm.hpp>
#endif
