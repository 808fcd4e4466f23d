// SPDX-License-Identifier: BSD-3-Clause
// Sizes, weights and memory of one LSTM layer, and the scratch that its kernels need.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tessera/kernels/cpu/width.hpp>
#include <tessera/tensor/buffer.hpp>

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

/// The next `elements` of a workspace.
template <class T>
T* take(std::byte*& workspace, std::ptrdiff_t elements) {
  T* const here = reinterpret_cast<T*>(workspace);
  workspace += lstm_bytes<T>(elements);
  return here;
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
