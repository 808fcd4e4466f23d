// SPDX-License-Identifier: BSD-3-Clause
// What an LSTM layer does for all steps at once, the same on every device: the products with x, and
// from the gradients of the gates' sums all gradients but the recurrence's own.
#pragma once
#include <cstddef>

#include <tessera/kernels/gemm.hpp>
#include <tessera/kernels/linear.hpp>
#include <tessera/kernels/lstm_problem.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

/// gates [D][T, S, 4H] = x W_ih^T
template <class Device, class T>
void lstm_input_products(const Context<Device>& context, const LstmProblem& p,
                         const LstmWeights<const T>* weights, const T* x, T* gates) {
  for (std::ptrdiff_t d = 0; d < p.directions; ++d)
    gemm<T>(context, Transpose::no, Transpose::yes, p.rows(), 4 * p.hidden, p.inputs, T(1), x,
            p.inputs, weights[d].input, p.inputs, T(0), gates + d * p.rows() * 4 * p.hidden,
            4 * p.hidden);
}

/// dx and the gradients of weights and biases from dgates [D][T, S, 4H] and y.
template <class Device, class T>
void lstm_gradients(const Context<Device>& context, const LstmProblem& p,
                    const LstmWeights<const T>* weights, const T* x, const T* y, const T* dgates,
                    T* dx, const LstmWeights<T>* gradients) {
  const std::ptrdiff_t H = p.hidden, rows = p.rows(), outputs = p.outputs();
  for (std::ptrdiff_t d = 0; d < p.directions; ++d) {
    const T* const dg = dgates + d * rows * 4 * H;
    const LstmWeights<T>& gradient = gradients[d];
    if (dx)
      gemm<T>(context, Transpose::no, Transpose::no, rows, p.inputs, 4 * H, T(1), dg, 4 * H,
              weights[d].input, p.inputs, T(d > 0), dx, p.inputs);
    if (gradient.input)
      gemm<T>(context, Transpose::yes, Transpose::no, 4 * H, p.inputs, rows, T(1), dg, 4 * H, x,
              p.inputs, T(1), gradient.input, p.inputs);
    if (gradient.recurrent && p.steps > 1) {  // dgates of a step meet h of the step before it
      const std::ptrdiff_t shift = p.sequences, own = d == 0 ? shift : 0, other = shift - own;
      gemm<T>(context, Transpose::yes, Transpose::no, 4 * H, H, rows - shift, T(1),
              dg + own * 4 * H, 4 * H, y + other * outputs + d * H, outputs, T(1),
              gradient.recurrent, H);
    }
    const View<const T> sums{dg, 1, 1, static_cast<int>(rows), static_cast<int>(4 * H), 4 * H};
    bias_gradient(context, sums, gradient.input_bias, gradient.recurrent_bias);
  }
}

}  // namespace detail

}  // namespace tessera::kernels
