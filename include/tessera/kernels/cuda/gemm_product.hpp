// SPDX-License-Identifier: BSD-3-Clause
// A matrix product on a GPU whose factors come from anywhere and whose results go anywhere: tile by
// tile through shared memory, multiplied by ordinary instructions or by tensor cores.
#pragma once
#include <tessera/kernels/cuda/elements.hpp>
#include <tessera/kernels/cuda/gemm_tile.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(gemm_product_text, (&gemm_operand_text, &elements_text),
  // A thread's results. Engines 1 and 2: fragments of mma, of which a word of shared memory is one
  // k of tf32, or two of bf16.
  template <int Engine, int Tile, class T>
  struct GemmSums {
    using Shape = GemmTile<Tile>;
    static constexpr int tall = Shape::warp_rows / 16;
    static constexpr int wide = Shape::warp_columns / 8;
    float sum[tall][wide][4] = {};
    int m;  // first row and column of the thread's warp
    int n;
    int g;
    int t;
    __forceinline__ GemmSums() {
      const int thread = static_cast<int>(threadIdx.x);
      m = thread / 32 % Shape::warps_m * Shape::warp_rows;
      n = thread / 32 / Shape::warps_m * Shape::warp_columns;
      g = thread % 32 / 4;
      t = thread % 4;
    }
    __forceinline__ void add(const unsigned* a, const unsigned* b) {
      __syncwarp();  // mma wants the lanes together
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < Shape::depth; k += 8) {
        unsigned from_a[tall][4];
        unsigned from_b[wide][2];
        TESSERA_CUDA_UNROLL
        for (int i = 0; i < tall; ++i) {
          TESSERA_CUDA_UNROLL
          for (int q = 0; q < 4; ++q)
            from_a[i][q] =
                a[gemm_place<Shape::rows>(k + t + q / 2 * 4, m + 16 * i + g + q % 2 * 8)];
        }
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < wide; ++j) {
          TESSERA_CUDA_UNROLL
          for (int q = 0; q < 2; ++q)
            from_b[j][q] = b[gemm_place<Shape::columns>(k + t + q * 4, n + 8 * j + g)];
        }
        TESSERA_CUDA_UNROLL
        for (int i = 0; i < tall; ++i) {
          TESSERA_CUDA_UNROLL
          for (int j = 0; j < wide; ++j)
            if constexpr (Engine == 2) mma_bf16(sum[i][j], from_a[i], from_b[j]);
            else mma_tf32(sum[i][j], from_a[i], from_b[j]);
        }
      }
    }
    // Writes the results to shared memory.
    __forceinline__ void give(T* results) const {
      TESSERA_CUDA_UNROLL
      for (int i = 0; i < 2 * tall; ++i) {
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < wide; ++j) {
          const float* const from = sum[i / 2][j] + i % 2 * 2;
          *reinterpret_cast<Few<T, 2>*>(
              results + gemm_place<Shape::columns>(m + i * 8 + g, n + 8 * j + 2 * t)) =
              Few<T, 2>{{from[0], from[1]}};
        }
      }
    }
  };
  // Engine 0: a thread has fours of rows and fours of columns.
  template <int Tile, class T>
  struct GemmSums<0, Tile, T> {
    using Shape = GemmTile<Tile>;
    static constexpr int lanes_m = Shape::lanes_m;
    static constexpr int lanes_n = Shape::lanes_n;
    static constexpr int tall = Shape::warp_rows / lanes_m / 4;
    static constexpr int wide = Shape::warp_columns / lanes_n / 4;
    T sum[4 * tall][4 * wide] = {};
    int m;
    int n;
    __forceinline__ GemmSums() {
      const int thread = static_cast<int>(threadIdx.x);
      m = thread / 32 % Shape::warps_m * Shape::warp_rows + thread % 32 / lanes_n * 4;
      n = thread / 32 / Shape::warps_m * Shape::warp_columns + thread % lanes_n * 4;
    }
    __forceinline__ void add(const T* a, const T* b) {
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < Shape::depth; ++k) {
        Few<T, 4> from_a[tall];
        Few<T, 4> from_b[wide];
        TESSERA_CUDA_UNROLL
        for (int i = 0; i < tall; ++i)
          from_a[i] = *reinterpret_cast<const Few<T, 4>*>(
              a + gemm_place<Shape::rows>(k, m + i * lanes_m * 4));
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < wide; ++j)
          from_b[j] = *reinterpret_cast<const Few<T, 4>*>(
              b + gemm_place<Shape::columns>(k, n + j * lanes_n * 4));
        TESSERA_CUDA_UNROLL
        for (int i = 0; i < 4 * tall; ++i) {
          TESSERA_CUDA_UNROLL
          for (int j = 0; j < 4 * wide; ++j)
            sum[i][j] += from_a[i / 4].v[i % 4] * from_b[j / 4].v[j % 4];
        }
      }
    }
    __forceinline__ void give(T* results) const {
      TESSERA_CUDA_UNROLL
      for (int i = 0; i < 4 * tall; ++i) {
        TESSERA_CUDA_UNROLL
        for (int j = 0; j < 4 * wide; j += 4)
          *reinterpret_cast<Few<T, 4>*>(
              results + gemm_place<Shape::columns>(m + i / 4 * lanes_m * 4 + i % 4,
                                                   n + j * lanes_n)) =
              Few<T, 4>{{sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]}};
      }
    }
  };

  // The block's tile of the product of a [rows, depth] and b [depth, columns]: tile blockIdx.x,
  // columns first, of slice blockIdx.y of the depth. A result goes to `output`, which has rows,
  // columns; place(m), of `places`; put(place, n, sum). With slices, sums go to `partial`,
  // [slices, places, columns], for gemm_finish.
  template <int Engine, int Tile, class T, class A, class B, class Output>
  __device__ __forceinline__ void gemm_product(const A& a, const B& b, const Output& output,
                                               int depth, int slice_depth, T* partial) {
    using Shape = GemmTile<Tile>;
    using Word = GemmWord<Engine, T>;
    constexpr int step = Shape::depth * Word::numbers;
    constexpr int a_words = Shape::depth * Shape::rows;
    const int tiles_n = (output.columns + Shape::columns - 1) / Shape::columns;
    const int tile = static_cast<int>(blockIdx.x);
    const int m0 = tile / tiles_n * Shape::rows;
    const int n0 = tile % tiles_n * Shape::columns;
    if (m0 >= output.rows) return;
    const int first = static_cast<int>(blockIdx.y) * slice_depth;
    const int last = depth - first < slice_depth ? depth : first + slice_depth;
    // While the tiles of step k are multiplied in one half of the memory, the next ones come to the
    // other half.
    typename Word::type* multiplied = dynamic_shared<typename Word::type>();
    typename Word::type* next = multiplied + Shape::factors;
    GemmOperand<Engine, Tile, Shape::rows, T, A> from_a(a, m0);
    GemmOperand<Engine, Tile, Shape::columns, T, B> from_b(b, n0);
    GemmSums<Engine, Tile, T> sums;
    for (int k = first - step; k < last; k += step) {
      const bool more = k + step < last;
      if (more) {
        from_a.load(k + step);
        from_b.load(k + step);
      }
      if (k >= first) sums.add(multiplied, multiplied + a_words);
      if (more) {
        from_a.put(next, k + step);
        from_b.put(next + a_words, k + step);
      }
      __syncthreads();
      auto* const done = multiplied;
      multiplied = next;
      next = done;
    }
    T* const results = dynamic_shared<T>();
    sums.give(results);
    __syncthreads();
    const int n = static_cast<int>(threadIdx.x) % Shape::columns;
    if (n0 + n >= output.columns) return;
    for (int m = static_cast<int>(threadIdx.x) / Shape::columns; m < Shape::rows;
         m += Shape::threads / Shape::columns) {
      if (m0 + m >= output.rows) return;
      const T sum = results[gemm_place<Shape::columns>(m, n)];
      const long place = output.place(m0 + m);
      if (partial) partial[(blockIdx.y * output.places + place) * output.columns + n0 + n] = sum;
      else output.put(place, n0 + n, sum);
    }
  }

  // Adds the slices in order and hands the sums on.
  template <class T, class Output>
  __device__ void gemm_finish(const Output& output, const T* partial, int slices) {
    const long size = output.places * output.columns;
    for (long e = first_element(); e < size; e += element_step()) {
      T sum = T(0);
      for (int s = 0; s < slices; ++s) sum += partial[s * size + e];
      output.put(e / output.columns, static_cast<int>(e % output.columns), sum);
    }
  }
)
// clang-format on

}  // namespace tessera::cuda
