// SPDX-License-Identifier: BSD-3-Clause
// One LSTM layer on the CPU: the products with x are one matrix product over all steps for each
// direction, and so are the gradients of the weights; between them runs the recurrence.
#pragma once
#include <algorithm>
#include <cstddef>

#include <tessera/kernels/cpu/gemm.hpp>
#include <tessera/kernels/cpu/linear.hpp>
#include <tessera/kernels/cpu/lstm_step.hpp>
#include <tessera/kernels/lstm.hpp>
#include <tessera/kernels/lstm_products.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {
/// run(task) for each direction and group of sequences.
template <class T, class Body>
void for_each_lstm_task(const Context<Cpu>& context, const LstmProblem& p, const Body& run) {
  const std::ptrdiff_t groups = ceil_div(p.sequences, lstm_group);
  parallel_for(context, p.directions * groups, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t d = i / groups, first = i % groups * p.sequences / groups;
    run(LstmTask<T>{p, d, first, (i % groups + 1) * p.sequences / groups - first});
  });
}
}  // namespace detail

template <class T>
inline void lstm_forward(const Context<Cpu>& context, const LstmProblem& p,
                         const LstmWeights<const T>* weights, const T* x, const LstmState<T>& state,
                         std::byte* workspace) {
  const std::ptrdiff_t H = p.hidden;
  const std::ptrdiff_t packed = detail::lstm_forward_panels<T>(p);
  T* const panels = take<T>(workspace, p.directions * packed);
  T* const bias = take<T>(workspace, p.directions * 4 * H);
  const std::ptrdiff_t blocks = ceil_div(H, simd::width<T>);
  parallel_for(context, p.directions * blocks, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t d = i / blocks, block = i % blocks;
    detail::pack_forward_panel(H, block * simd::width<T>, weights[d].recurrent,
                               panels + d * packed + block * H * detail::product_columns<T>);
  });
  for (std::ptrdiff_t d = 0; d < p.directions; ++d)
    for (std::ptrdiff_t j = 0; j < 4 * H; ++j)
      bias[d * 4 * H + j] = weights[d].input_bias[j] + weights[d].recurrent_bias[j];
  detail::lstm_input_products(context, p, weights, x, state.gates);
  detail::for_each_lstm_task<T>(context, p, [&](const detail::LstmTask<T>& task) {
    detail::lstm_run_forward(task, panels + task.direction * packed, bias + task.direction * 4 * H,
                             state);
  });
}

template <class T>
inline void lstm_backward(const Context<Cpu>& context, const LstmProblem& p,
                          const LstmWeights<const T>* weights, const T* x,
                          const LstmState<T>& state, const T* dy, T* dx,
                          const LstmWeights<T>* gradients, std::byte* workspace) {
  const std::ptrdiff_t H = p.hidden, rows = p.rows();
  const std::ptrdiff_t packed = detail::lstm_backward_panels<T>(p);
  T* const panels = take<T>(workspace, p.directions * packed);
  T* const dgates = take<T>(workspace, p.directions * rows * 4 * H);
  T* const carry = take<T>(workspace, p.directions * p.sequences * H);
  const std::ptrdiff_t blocks = ceil_div(H, detail::product_columns<T>);
  parallel_for(context, p.directions * blocks, [&](std::ptrdiff_t i) {
    const std::ptrdiff_t d = i / blocks, block = i % blocks;
    detail::pack_backward_panel(H, block * detail::product_columns<T>, weights[d].recurrent,
                                panels + d * packed + block * 4 * H * detail::product_columns<T>);
  });
  detail::for_each_lstm_task<T>(context, p, [&](const detail::LstmTask<T>& task) {
    detail::lstm_run_backward(task, panels + task.direction * packed, state, dy, dgates,
                              carry + task.direction * p.sequences * H);
  });
  detail::lstm_gradients<Cpu, T>(context, p, weights, x, state.y, dgates, dx, gradients);
}

template <class T>
inline void to_time_major(const Context<Cpu>& context, View<const T> from, T* to) {
  const std::ptrdiff_t sequences = std::ptrdiff_t{from.batch} * from.height, C = from.channels;
  parallel_for(context, from.width, [&](std::ptrdiff_t t) {
    for (std::ptrdiff_t s = 0; s < sequences; ++s)
      std::copy_n(from.pixel(s * from.width + t), C, to + (t * sequences + s) * C);
  });
}
template <class T>
inline void from_time_major(const Context<Cpu>& context, const T* from, View<T> to) {
  const std::ptrdiff_t sequences = std::ptrdiff_t{to.batch} * to.height, C = to.channels;
  parallel_for(context, to.width, [&](std::ptrdiff_t t) {
    for (std::ptrdiff_t s = 0; s < sequences; ++s)
      std::copy_n(from + (t * sequences + s) * C, C, to.pixel(s * to.width + t));
  });
}

}  // namespace tessera::kernels
