// SPDX-License-Identifier: BSD-3-Clause
// What the backward passes of batch and group normalisation share on a GPU; layer normalisation
// takes its parameters' gradients from here.
#pragma once
#include <tessera/kernels/cuda/channel_norm.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(norm_backward_text, (&norm_forward_text),
  // Sums over each chunk and channel of dy and dy (x - mean), where dy is taken back through the
  // activation first, as in all of this file.
  template <class T>
  __global__ void norm_gradient_chunks(Span<const T> x, Span<const T> dy, ColumnCut cut,
                                       ChannelNorm<T> norm, double* partial) {
    const ColumnThread own = column_thread(cut);
    const NormColumn<T> column = norm_column(norm, own);
    double sums[2] = {0, 0};
    for (long p = own.p; p < own.last; p += 4L * cut.rows) {
      T v[4];
      T g[4];
      load_column(x, own, p, column.mean, v);
      load_column(dy, own, p, T(0), g);
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < 4; ++k) {
        const double d = v[k] - column.mean;
        const double before = column.gradient(v[k], g[k]);
        sums[0] += before;
        sums[1] += before * d;
      }
    }
    add_columns(sums);
    if (own.idle || threadIdx.y > 0) return;
    partial[cut.at(own.sample, 0, own.c, own.chunk)] = sums[0];
    partial[cut.at(own.sample, 1, own.c, own.chunk)] = sums[1];
  }
  // A block for each channel, a warp for a sample: the chunks' sums become dbeta and dgamma, and,
  // times gamma, `weighted` [N][2][C]; each may be null.
  template <class T>
  __global__ void norm_channel_sums(const double* partial, ColumnCut cut, ChannelNorm<T> norm,
                                    double* weighted, T* dgamma, T* dbeta) {
    const int c = static_cast<int>(blockIdx.x);
    const int lane = static_cast<int>(threadIdx.x % 32);
    const double gamma = norm.gamma ? norm.gamma[c] : T(1);
    double sum = 0;
    double product = 0;
    for (int n = static_cast<int>(threadIdx.x / 32); n < cut.samples;
         n += static_cast<int>(blockDim.x / 32)) {
      double s = 0;
      double p = 0;
      for (int i = lane; i < cut.chunks; i += 32) {
        s += partial[cut.at(n, 0, c, i)];
        p += partial[cut.at(n, 1, c, i)];
      }
      s = warp_sum(s);
      p = warp_sum(p) * norm_inverse(norm, norm.at(n, c));
      if (lane > 0) continue;
      sum += s;
      product += p;
      if (!weighted) continue;
      weighted[2L * n * cut.channels + c] = gamma * s;
      weighted[(2L * n + 1) * cut.channels + c] = gamma * p;
    }
    sum = block_sum(sum);
    product = block_sum(product);
    if (threadIdx.x > 0) return;
    if (dbeta) dbeta[c] += static_cast<T>(sum);
    if (dgamma) dgamma[c] += static_cast<T>(product);
  }
  // A warp for each row of channels: [rows][G * members] becomes [rows][G].
  template <class T>
  __global__ void norm_group_sums(const double* of_channels, int members, double* of_groups) {
    const double* const own = of_channels + static_cast<long>(blockIdx.x) * members;
    double sum = 0;
    for (int c = static_cast<int>(threadIdx.x); c < members; c += 32) sum += own[c];
    sum = warp_sum(sum);
    if (threadIdx.x == 0) of_groups[blockIdx.x] = sum;
  }
  // dx = a dy - b - (x - mean) d, with a = gamma r, b = r mean(gamma dy),
  // d = r^2 mean(gamma dy xhat), r = 1/sqrt(var + epsilon); sums [N][2][G] of the means. dx = a dy
  // where the statistics are given: sums null.
  template <class T>
  __global__ void norm_input_gradient(Span<const T> x, Span<const T> dy, Span<T> dx,
                                      ColumnCut cut, ChannelNorm<T> norm, const double* sums) {
    const ColumnThread own = column_thread(cut);
    if (own.idle) return;
    const NormColumn<T> column = norm_column(norm, own);  // its scale is a
    const long at = norm.at(own.sample, own.c);
    const double r = norm_inverse(norm, at);
    const double count = static_cast<double>(cut.pixels) * norm.members;
    const T b = sums ? static_cast<T>(r * sums[at] / count) : T(0);
    const T d = sums ? static_cast<T>(r * r * sums[at + norm.groups] / count) : T(0);
    for (long p = own.p; p < own.last; p += 4L * cut.rows) {
      T v[4];
      T g[4];
      load_column(x, own, p, T(0), v);
      load_column(dy, own, p, T(0), g);
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < 4; ++k) {
        const long q = p + static_cast<long>(k) * cut.rows;
        if (q >= own.last) continue;
        const T direct = column.scale * column.gradient(v[k], g[k]);
        dx.at(q, own.c) = sums ? direct - b - (v[k] - column.mean) * d : direct;
      }
    }
  }
)
// clang-format on

/// The chunks' sums, one chunk of partial after the other, added to dgamma and dbeta [C] and
/// written to `weighted` [N][2][C]; each may be null.
template <class T>
void norm_channel_sums_of(const Context<Cuda>& context, const ColumnCut& cut,
                          const ChannelNorm<T>& norm, const double* partial, double* weighted,
                          T* dgamma, T* dbeta) {
  const unsigned warps = static_cast<unsigned>(std::min(cut.samples, 8));
  context.engine().launch(TESSERA_CUDA_KERNEL(norm_backward_text, norm_channel_sums, (T), ()),
                          {static_cast<unsigned>(cut.channels), 1, 1}, {32 * warps, 1, 1}, 0,
                          partial, cut, norm, weighted, dgamma, dbeta);
}

/// The gradients of a normalisation by the statistics of x itself; dx may be empty, dgamma and
/// dbeta null. Without dx those of one by given statistics too.
template <class T>
void norm_gradients(const Context<Cuda>& context, const ColumnCut& cut, const ChannelNorm<T>& norm,
                    Span<const T> x, Span<const T> dy, Span<T> dx, T* dgamma, T* dbeta) {
  const long rows = 2L * cut.samples, count = cut.partials() + rows * (cut.channels + norm.groups);
  double* const partial = scratch<double>(context, count);
  double* const weighted = dx.data ? partial + cut.partials() : nullptr;
  launch_columns(context, TESSERA_CUDA_KERNEL(norm_backward_text, norm_gradient_chunks, (T), ()),
                 cut, x, dy, cut, norm, partial);
  norm_channel_sums_of<T>(context, cut, norm, partial, weighted, dgamma, dbeta);
  if (!dx.data) return;
  const double* sums = weighted;
  if (norm.members > 1) {
    double* const of_groups = weighted + rows * cut.channels;
    context.engine().launch(TESSERA_CUDA_KERNEL(norm_backward_text, norm_group_sums, (T), ()),
                            {static_cast<unsigned>(rows * norm.groups), 1, 1}, {32, 1, 1}, 0, sums,
                            norm.members, of_groups);
    sums = of_groups;
  }
  launch_columns(context, TESSERA_CUDA_KERNEL(norm_backward_text, norm_input_gradient, (T), ()),
                 cut, x, dy, dx, cut, norm, sums);
}

}  // namespace tessera::cuda
