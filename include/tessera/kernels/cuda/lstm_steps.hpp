// SPDX-License-Identifier: BSD-3-Clause
// The recurrence of an LSTM layer on a GPU, unit by unit, and a step of it as a launch: that suits
// many sequences, and weights that one multiprocessor would read too slowly (see lstm_run.hpp).
#pragma once
#include <tessera/kernels/cuda/rows.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(lstm_sizes_text, (),
  struct LstmSizes {
    int sequences; int steps; int hidden; int directions;
    constexpr int time(int d, int step) const { return d == 0 ? step : steps - 1 - step; }
    // The row of sequence s in arrays [D][T, S, ...], and where its unit 0 lies in y [T, S, D H].
    constexpr long row(int d, int step, int s) const {
      return (static_cast<long>(d) * steps + time(d, step)) * sequences + s;
    }
    constexpr long output(int d, int step, int s) const {
      return ((static_cast<long>(time(d, step)) * sequences + s) * directions + d) * hidden;
    }
  };
  template <class T>
  struct LstmForward {
    LstmSizes size;
    const T* input_bias[2]; const T* recurrent_bias[2];
    T* gates; T* cells; T* y;
  };
  template <class T>
  struct LstmBackward {
    LstmSizes size;
    const T* gates; const T* cells; const T* dy;
    T* dgates; T* carry;  // [D][T, S, 4H]; [D][S, H]: gradients of the cells
  };
)
TESSERA_CUDA_TEXT(lstm_units_text, (&lstm_sizes_text),
  template <class T>
  __device__ T lstm_sigmoid(T x) { return T(1) / (T(1) + math::exp(-x)); }
  // Unit j of sequence s at a step, from products = h W_hh^T and the gates, which hold x W_ih^T.
  // Returns h.
  template <class T>
  __device__ T lstm_unit(const LstmForward<T>& l, int d, int step, int s, int j,
                         const T (&products)[4]) {
    const int hidden = l.size.hidden;
    const long row = l.size.row(d, step, s);
    T* const gate = l.gates + 4 * row * hidden + j;
    const T* const bias = (d == 0 ? l.input_bias[0] : l.input_bias[1]) + j;
    const T* const other = (d == 0 ? l.recurrent_bias[0] : l.recurrent_bias[1]) + j;
    T sums[4];
    TESSERA_CUDA_UNROLL
    for (int k = 0; k < 4; ++k)
      sums[k] = gate[k * hidden] +
                (load_readonly(bias + k * hidden) + load_readonly(other + k * hidden)) +
                products[k];
    const T in = lstm_sigmoid(sums[0]);
    const T forget = lstm_sigmoid(sums[1]);
    const T g = math::tanh(sums[2]);
    const T out = lstm_sigmoid(sums[3]);
    T cell = in * g;
    if (step > 0) cell += forget * l.cells[l.size.row(d, step - 1, s) * hidden + j];
    const T h = out * math::tanh(cell);
    gate[0] = in;
    gate[hidden] = forget;
    gate[2 * hidden] = g;
    gate[3 * hidden] = out;
    l.cells[row * hidden + j] = cell;
    l.y[l.size.output(d, step, s) + j] = h;
    return h;
  }
  // The gradients by the sums of unit j's gates, from product = (dgates of the step behind) W_hh.
  template <class T>
  __device__ void lstm_unit_gradient(const LstmBackward<T>& l, int d, int step, int s, int j,
                                     T product, T (&dgates)[4]) {
    const int hidden = l.size.hidden;
    const long row = l.size.row(d, step, s);
    const T* const gate = l.gates + 4 * row * hidden + j;
    const T in = gate[0];
    const T forget = gate[hidden];
    const T g = gate[2 * hidden];
    const T out = gate[3 * hidden];
    const T squashed = math::tanh(l.cells[row * hidden + j]);
    const T before = step > 0 ? l.cells[l.size.row(d, step - 1, s) * hidden + j] : T(0);
    T& carry = l.carry[(static_cast<long>(d) * l.size.sequences + s) * hidden + j];
    const T dh = l.dy[l.size.output(d, step, s) + j] + product;
    T dc = dh * out * (T(1) - squashed * squashed);
    if (step + 1 < l.size.steps) dc += carry;
    carry = dc * forget;
    dgates[0] = dc * g * in * (T(1) - in);
    dgates[1] = dc * before * forget * (T(1) - forget);
    dgates[2] = dc * in * (T(1) - g * g);
    dgates[3] = dh * squashed * out * (T(1) - out);
    T* const to = l.dgates + 4 * row * hidden + j;
    TESSERA_CUDA_UNROLL
    for (int k = 0; k < 4; ++k) to[k * hidden] = dgates[k];
  }
)
TESSERA_CUDA_TEXT(lstm_step_text, (&rows_text, &lstm_units_text),
  // One step; rows are the sequences of each direction. The products have been added to the gates.
  template <class T>
  __global__ void lstm_step_forward(LstmForward<T> l, int step) {
    const int d = static_cast<int>(blockIdx.x) / l.size.sequences;
    const int s = static_cast<int>(blockIdx.x) % l.size.sequences;
    const T none[4]{};
    for (int j = first_in_row(); j < l.size.hidden; j += step_in_row())
      lstm_unit(l, d, step, s, j, none);
  }
  // The product lies where the gradients of gate i will.
  template <class T>
  __global__ void lstm_step_backward(LstmBackward<T> l, int step) {
    const int d = static_cast<int>(blockIdx.x) / l.size.sequences;
    const int s = static_cast<int>(blockIdx.x) % l.size.sequences;
    const T* const products = l.dgates + 4 * l.size.row(d, step, s) * l.size.hidden;
    for (int j = first_in_row(); j < l.size.hidden; j += step_in_row()) {
      T dgates[4];
      lstm_unit_gradient(l, d, step, s, j, step + 1 < l.size.steps ? products[j] : T(0), dgates);
    }
  }
)
// clang-format on

}  // namespace tessera::cuda
