// SPDX-License-Identifier: BSD-3-Clause
// The recurrence of an LSTM layer on a GPU in one launch: a block takes four sequences through all
// steps of a direction. Sequences never meet, so blocks never wait for each other.
#pragma once
#include <tessera/kernels/cuda/lstm_steps.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(lstm_run_text, (&rows_text, &lstm_units_text),
  // A number of each of four sequences.
  template <class T>
  struct alignas(16) LstmFour { T of[4]; };
  template <class T>
  __device__ void lstm_add(LstmFour<T>& sum, const LstmFour<T>& v, T weight) {
    TESSERA_CUDA_UNROLL
    for (int r = 0; r < 4; ++r) sum.of[r] += v.of[r] * weight;
  }
  // A block's product of four vectors v [rows] with weights [rows, columns]. The thread (x, y) adds
  // up columns x and x + blockDim.x over part y of the rows. The first `kept` rows of every part
  // stay in shared memory, the others are read again each time. Shared: v, sums, the kept weights.
  template <class T>
  struct LstmProduct {
    const T* weights; int rows; int columns; int kept;
    __device__ LstmFour<T>* v() const { return dynamic_shared<LstmFour<T>>(); }
    __device__ LstmFour<T>* sums() const { return v() + rows; }
    // Row 0 of the kept part of thread y.
    __device__ T* store() const {
      const int parts = static_cast<int>(blockDim.y);
      return reinterpret_cast<T*>(sums() + parts * columns) +
             static_cast<int>(threadIdx.y) * kept * columns;
    }
    __device__ int begin(int part) const { return rows * part / static_cast<int>(blockDim.y); }
    __device__ int first() const { return begin(static_cast<int>(threadIdx.y)); }
    __device__ int last() const { return begin(static_cast<int>(threadIdx.y) + 1); }
    __device__ int middle() const { return math::min(first() + kept, last()); }
    // Sets v to 0 and fetches the weights to be kept; threads read what they have fetched.
    __device__ void start() const {
      const int threads = static_cast<int>(blockDim.x * blockDim.y);
      const int own = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
      for (int e = own; e < rows; e += threads) v()[e] = LstmFour<T>{};
      T* to = store();
      for (int k = first(); k < middle(); ++k) {
        for (int n = static_cast<int>(threadIdx.x); n < columns; n += static_cast<int>(blockDim.x))
          to[n] = load_readonly(weights + k * columns + n);
        to += columns;
      }
    }
    __device__ void run() const {
      const int n = static_cast<int>(threadIdx.x);
      if (n >= columns) return;
      const bool two = n + static_cast<int>(blockDim.x) < columns;
      const int m = two ? n + static_cast<int>(blockDim.x) : n;
      LstmFour<T> a{};
      LstmFour<T> b{};
      const LstmFour<T>* const x = v();
      const T* w = store();
      int k = first();
      for (; k < middle(); ++k) {
        lstm_add(a, x[k], w[n]);
        lstm_add(b, x[k], w[m]);
        w += columns;
      }
      w = weights + k * columns;
      for (; k + 8 <= last(); k += 8) {  // 16 loads on their way
        T wa[8];
        T wb[8];
        TESSERA_CUDA_UNROLL
        for (int u = 0; u < 8; ++u) {
          wa[u] = load_readonly(w + u * columns + n);
          wb[u] = load_readonly(w + u * columns + m);
        }
        TESSERA_CUDA_UNROLL
        for (int u = 0; u < 8; ++u) {
          lstm_add(a, x[k + u], wa[u]);
          lstm_add(b, x[k + u], wb[u]);
        }
        w += 8 * columns;
      }
      for (; k < last(); ++k) {
        lstm_add(a, x[k], load_readonly(w + n));
        lstm_add(b, x[k], load_readonly(w + m));
        w += columns;
      }
      LstmFour<T>* const to = sums() + static_cast<int>(threadIdx.y) * columns;
      to[n] = a;
      if (two) to[m] = b;
    }
    // Column n of the product for sequence r.
    __device__ T sum(int n, int r) const {
      T total = T(0);
      for (int part = 0; part < static_cast<int>(blockDim.y); ++part)
        total += sums()[part * columns + n].of[r];
      return total;
    }
  };
  // to [D][H, 4H] = W_hh [4H, H] transposed: columns then lie side by side. Rows are (d, k).
  template <class T>
  __global__ void lstm_transpose(const T* first, const T* second, int hidden, T* to) {
    const int d = static_cast<int>(blockIdx.x) / hidden;
    const int k = static_cast<int>(blockIdx.x) % hidden;
    const T* const from = d == 0 ? first : second;
    for (int q = first_in_row(); q < 4 * hidden; q += step_in_row())
      to[4L * blockIdx.x * hidden + q] = from[static_cast<long>(q) * hidden + k];
  }
  // All steps; blocks are groups of four sequences and directions. weights [D][H, 4H].
  template <class T>
  __global__ void __launch_bounds__(512)
  lstm_run_forward(LstmForward<T> l, const T* weights, int kept) {
    const int hidden = l.size.hidden;
    const int d = static_cast<int>(blockIdx.y);
    const int group = 4 * static_cast<int>(blockIdx.x);
    const int own = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
    const LstmProduct<T> product{weights + 4 * d * hidden * hidden, hidden, 4 * hidden, kept};
    product.start();
    __syncthreads();
    for (int step = 0; step < l.size.steps; ++step) {
      if (step > 0) product.run();
      __syncthreads();
      for (int e = own; e < 4 * hidden; e += static_cast<int>(blockDim.x * blockDim.y)) {
        const int j = e / 4;
        const int r = e % 4;
        if (group + r >= l.size.sequences) continue;
        T products[4]{};
        if (step > 0)
          for (int k = 0; k < 4; ++k) products[k] = product.sum(k * hidden + j, r);
        product.v()[j].of[r] = lstm_unit(l, d, step, group + r, j, products);
      }
      __syncthreads();
    }
  }
  // The same backwards; first and second are the weights W_hh [4H, H] of the directions.
  template <class T>
  __global__ void __launch_bounds__(512)
  lstm_run_backward(LstmBackward<T> l, const T* first, const T* second, int kept) {
    const int hidden = l.size.hidden;
    const int d = static_cast<int>(blockIdx.y);
    const int group = 4 * static_cast<int>(blockIdx.x);
    const int own = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
    const int last = l.size.steps - 1;
    const LstmProduct<T> product{d == 0 ? first : second, 4 * hidden, hidden, kept};
    product.start();
    __syncthreads();
    for (int step = last; step >= 0; --step) {
      if (step < last) product.run();
      __syncthreads();
      for (int e = own; e < 4 * hidden; e += static_cast<int>(blockDim.x * blockDim.y)) {
        const int j = e / 4;
        const int r = e % 4;
        if (group + r >= l.size.sequences) continue;
        T dgates[4];
        const T sum = step < last ? product.sum(j, r) : T(0);
        lstm_unit_gradient(l, d, step, group + r, j, sum, dgates);
        for (int k = 0; k < 4; ++k) product.v()[k * hidden + j].of[r] = dgates[k];
      }
      __syncthreads();
    }
  }
)
// clang-format on

}  // namespace tessera::cuda
