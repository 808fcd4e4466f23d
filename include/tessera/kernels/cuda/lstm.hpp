// SPDX-License-Identifier: BSD-3-Clause
// One LSTM layer on a GPU: the products with x are one matrix product over all steps for each
// direction, and so are the gradients of the weights; between them runs the recurrence.
#pragma once
#include <algorithm>
#include <cstddef>
#include <utility>

#include <tessera/kernels/cuda/gemm.hpp>
#include <tessera/kernels/cuda/linear.hpp>
#include <tessera/kernels/cuda/lstm_run.hpp>
#include <tessera/kernels/cuda/lstm_steps.hpp>
#include <tessera/kernels/lstm.hpp>
#include <tessera/kernels/lstm_products.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(time_major_text, (&rows_text),
  // Rows are sequences, their elements steps and channels.
  template <class T>
  __global__ void to_time_major(Span<const T> from, T* to) {
    const long sequence = blockIdx.x;
    const long sequences = gridDim.x;
    for (int e = first_in_row(); e < from.width * from.channels; e += step_in_row()) {
      const int t = e / from.channels;
      const int c = e % from.channels;
      to[(t * sequences + sequence) * from.channels + c] = from.at(sequence * from.width + t, c);
    }
  }
  template <class T>
  __global__ void from_time_major(const T* from, Span<T> to) {
    const long sequence = blockIdx.x;
    const long sequences = gridDim.x;
    for (int e = first_in_row(); e < to.width * to.channels; e += step_in_row()) {
      const int t = e / to.channels;
      const int c = e % to.channels;
      to.at(sequence * to.width + t, c) = from[(t * sequences + sequence) * to.channels + c];
    }
  }
)
// clang-format on

/// Whether blocks take their sequences through all steps: up to about one block for each
/// multiprocessor of a large GPU, and weights that are read again in the time of a few launches.
constexpr bool lstm_runs_in_blocks(const kernels::LstmProblem& p) {
  return p.hidden <= 192 && p.directions * ((p.sequences + 3) / 4) <= 128;
}

/// The block of such a product, see LstmProduct: up to 512 threads, 96 KiB of shared memory.
struct LstmBlock {
  Dim3 threads;
  int kept;
  std::size_t shared_bytes;
};
template <class T>
constexpr LstmBlock lstm_block(int rows, int columns) {
  const int across = (columns + 63) / 64 * 32;
  const int parts = std::clamp(rows / 8, 1, 512 / across);
  constexpr int bytes = static_cast<int>(sizeof(T)), limit = 96 << 10;
  const int used = 4 * bytes * (rows + parts * columns), row = bytes * parts * columns;
  const int kept = std::clamp((limit - used) / row, 0, (rows + parts - 1) / parts);
  return {{static_cast<unsigned>(across), static_cast<unsigned>(parts), 1},
          kept,
          static_cast<std::size_t>(used + kept * row)};
}

inline LstmSizes lstm_sizes(const kernels::LstmProblem& p) {
  return {static_cast<int>(p.sequences), static_cast<int>(p.steps), static_cast<int>(p.hidden),
          static_cast<int>(p.directions)};
}
inline Dim3 lstm_groups(const kernels::LstmProblem& p) {
  return {static_cast<unsigned>((p.sequences + 3) / 4), static_cast<unsigned>(p.directions), 1};
}

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void lstm_forward(const Context<Cuda>& context, const LstmProblem& p,
                         const LstmWeights<const T>* weights, const T* x, const LstmState<T>& state,
                         std::byte* workspace) {
  const std::ptrdiff_t H = p.hidden, S = p.sequences;
  const cuda::LstmSizes size = cuda::lstm_sizes(p);
  const auto& [w0, w1] = std::pair{weights[0], weights[p.directions - 1]};
  const cuda::LstmForward<T> layer{size,
                                   {w0.input_bias, w1.input_bias},
                                   {w0.recurrent_bias, w1.recurrent_bias},
                                   state.gates,
                                   state.cells,
                                   state.y};
  detail::lstm_input_products(context, p, weights, x, state.gates);
  if (cuda::lstm_runs_in_blocks(p)) {
    T* const transposed = take<T>(workspace, p.directions * 4 * H * H);
    cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::lstm_run_text, lstm_transpose, (T), ()),
                      p.directions * H, 4 * H, w0.recurrent, w1.recurrent, size.hidden, transposed);
    const cuda::LstmBlock block = cuda::lstm_block<T>(size.hidden, 4 * size.hidden);
    return context.engine().launch(
        TESSERA_CUDA_KERNEL(cuda::lstm_run_text, lstm_run_forward, (T), ()), cuda::lstm_groups(p),
        block.threads, block.shared_bytes, layer, static_cast<const T*>(transposed), block.kept);
  }
  for (int step = 0; step < size.steps; ++step) {
    for (int d = 0; step > 0 && d < size.directions; ++d)
      gemm<T>(context, Transpose::no, Transpose::yes, S, 4 * H, H, T(1),
              state.y + size.output(d, step - 1, 0), p.outputs(), weights[d].recurrent, H, T(1),
              state.gates + size.row(d, step, 0) * 4 * H, 4 * H);
    cuda::launch_rows(context,
                      TESSERA_CUDA_KERNEL(cuda::lstm_step_text, lstm_step_forward, (T), ()),
                      p.directions * S, H, layer, step);
  }
}

template <class T>
inline void lstm_backward(const Context<Cuda>& context, const LstmProblem& p,
                          const LstmWeights<const T>* weights, const T* x,
                          const LstmState<T>& state, const T* dy, T* dx,
                          const LstmWeights<T>* gradients, std::byte* workspace) {
  const std::ptrdiff_t H = p.hidden, S = p.sequences;
  const cuda::LstmSizes size = cuda::lstm_sizes(p);
  T* const dgates = take<T>(workspace, p.directions * p.rows() * 4 * H);
  T* const carry = take<T>(workspace, p.directions * S * H);
  const cuda::LstmBackward<T> layer{size, state.gates, state.cells, dy, dgates, carry};
  if (cuda::lstm_runs_in_blocks(p)) {
    const cuda::LstmBlock block = cuda::lstm_block<T>(4 * size.hidden, size.hidden);
    context.engine().launch(TESSERA_CUDA_KERNEL(cuda::lstm_run_text, lstm_run_backward, (T), ()),
                            cuda::lstm_groups(p), block.threads, block.shared_bytes, layer,
                            weights[0].recurrent, weights[p.directions - 1].recurrent, block.kept);
  } else {
    for (int step = size.steps - 1; step >= 0; --step) {
      for (int d = 0; step + 1 < size.steps && d < size.directions; ++d)
        gemm<T>(context, Transpose::no, Transpose::no, S, H, 4 * H, T(1),
                dgates + size.row(d, step + 1, 0) * 4 * H, 4 * H, weights[d].recurrent, H, T(0),
                dgates + size.row(d, step, 0) * 4 * H, 4 * H);
      cuda::launch_rows(context,
                        TESSERA_CUDA_KERNEL(cuda::lstm_step_text, lstm_step_backward, (T), ()),
                        p.directions * S, H, layer, step);
    }
  }
  detail::lstm_gradients<Cuda, T>(context, p, weights, x, state.y, dgates, dx, gradients);
}

template <class T>
inline void to_time_major(const Context<Cuda>& context, View<const T> from, T* to) {
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::time_major_text, to_time_major, (T), ()),
                    from, cuda::span_of(from), to);
}
template <class T>
inline void from_time_major(const Context<Cuda>& context, const T* from, View<T> to) {
  cuda::launch_rows(context, TESSERA_CUDA_KERNEL(cuda::time_major_text, from_time_major, (T), ()),
                    to, from, cuda::span_of(to));
}

}  // namespace tessera::kernels
