// SPDX-License-Identifier: BSD-3-Clause
// What batch and group normalisation share on a GPU: batch normalisation is that of one sample, the
// whole batch, with a group for each channel. Chunks of pixels are summed in double, about their
// first pixel where a large mean would cost digits, and combined in double [chan1983].
#pragma once
#include <tessera/kernels/cuda/columns.hpp>
#include <tessera/kernels/cuda/sums.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_SHARED_TEXT(channel_norm_text, (),
  // gamma, beta [C], null = 1, 0. Sample n has the numbers of group g at n * 2 * groups + g of mean
  // and spread (null = 0 and 1): spread is the variance if `variance`, else 1/sqrt(var + epsilon).
  template <class T>
  struct ChannelNorm {
    int groups = 1; int members = 1;  // of a group: channels
    const T* gamma = nullptr; const T* beta = nullptr;
    const T* mean = nullptr; const T* spread = nullptr;
    int variance = 0; double epsilon = 0;
    // The activation behind: v > 0 ? v : slope v, or max(v, 0), which passes NaN, if `relu`.
    T slope = T(1); int relu = 0;
    constexpr long at(int n, int c) const { return 2L * n * groups + c / members; }
  };
)
TESSERA_CUDA_TEXT(norm_forward_text, (&columns_text, &sums_text, &channel_norm_text),
  template <class T>
  __device__ T norm_mean(const ChannelNorm<T>& norm, long at) {
    return norm.mean ? norm.mean[at] : T(0);
  }
  template <class T>
  __device__ T norm_inverse(const ChannelNorm<T>& norm, long at) {
    if (!norm.spread) return T(1);
    if (!norm.variance) return norm.spread[at];
    const double variance = norm.spread[at];
    return static_cast<T>(1 / math::sqrt(variance + norm.epsilon));
  }
  // What stands before the activation. One expression for both directions, so that signs agree.
  template <class T>
  struct NormColumn {
    T mean; T scale; T beta; T slope; int relu;
    __device__ T before(T x) const { return (x - mean) * scale + beta; }
    __device__ T y(T x) const {
      const T v = before(x);
      if (v > T(0)) return v;
      return relu && v <= T(0) ? T(0) : slope * v;
    }
    // dy times the activation's derivative.
    __device__ T gradient(T x, T dy) const {
      const T v = before(x);
      if (v > T(0)) return dy;
      return dy * (relu && v <= T(0) ? T(0) : slope);
    }
  };
  template <class T>
  __device__ NormColumn<T> norm_column(const ChannelNorm<T>& norm, const ColumnThread& own) {
    const long at = norm.at(own.sample, own.c);
    const T inverse = norm_inverse(norm, at);
    return {norm_mean(norm, at), norm.gamma ? norm.gamma[own.c] * inverse : inverse,
            norm.beta ? norm.beta[own.c] : T(0), norm.slope, norm.relu};
  }
  // Mean of each chunk and channel, and sum of squares about it.
  template <class T>
  __global__ void norm_chunks(Span<const T> x, ColumnCut cut, double* partial) {
    const ColumnThread own = column_thread(cut);
    const T origin = x.at(own.first, own.c);
    const double shift = origin;
    double sums[2] = {0, 0};
    for (long p = own.p; p < own.last; p += 4L * cut.rows) {
      T v[4];
      load_column(x, own, p, origin, v);
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < 4; ++k) {
        const double d = v[k] - shift;
        sums[0] += d;
        sums[1] += d * d;
      }
    }
    add_columns(sums);
    if (own.idle || threadIdx.y > 0) return;
    const double count = static_cast<double>(own.last - own.first);
    partial[cut.at(own.sample, 0, own.c, own.chunk)] = shift + sums[0] / count;
    partial[cut.at(own.sample, 1, own.c, own.chunk)] = sums[1] - sums[0] * sums[0] / count;
  }
  // A block for each sample and group: saved [N][2][G], mean and 1/sqrt(var + epsilon), and the
  // running statistics where there are any. A group's numbers lie side by side.
  template <class T>
  __global__ void norm_statistics(const double* partial, ColumnCut cut, int members,
                                  double epsilon, T* saved, double momentum, T* running_mean,
                                  T* running_var) {
    const int groups = cut.channels / members;
    const int n = static_cast<int>(blockIdx.x) / groups;
    const int g = static_cast<int>(blockIdx.x) % groups;
    const double* const mean_of = partial + cut.at(n, 0, g * members, 0);
    const double* const square_of = partial + cut.at(n, 1, g * members, 0);
    const int entries = members * cut.chunks;
    const double count = static_cast<double>(cut.pixels) * members;
    double sum = 0;
    for (int e = static_cast<int>(threadIdx.x); e < entries; e += static_cast<int>(blockDim.x))
      sum += static_cast<double>(cut.size(e % cut.chunks)) * (mean_of[e] - mean_of[0]);
    const double mean = mean_of[0] + block_sum(sum) / count;
    double square = 0;
    for (int e = static_cast<int>(threadIdx.x); e < entries; e += static_cast<int>(blockDim.x)) {
      const double d = mean_of[e] - mean;
      square += static_cast<double>(cut.size(e % cut.chunks)) * d * d + square_of[e];
    }
    const double variance = block_sum(square) / count;
    if (threadIdx.x > 0) return;
    T* const out = saved + 2L * n * groups + g;
    out[0] = static_cast<T>(mean);
    out[groups] = static_cast<T>(1 / math::sqrt(variance + epsilon));
    if (!running_mean) return;
    const double m = momentum;
    const double unbias = count > 1 ? count / (count - 1) : 1.0;
    running_mean[g] = static_cast<T>((1 - m) * running_mean[g] + m * mean);
    running_var[g] = static_cast<T>((1 - m) * running_var[g] + m * variance * unbias);
  }
  // y = (x - mean) * scale + beta, with scale = gamma * inverse; then the activation.
  template <class T>
  __global__ void norm_apply(Span<const T> x, Span<T> y, ColumnCut cut, ChannelNorm<T> norm) {
    const ColumnThread own = column_thread(cut);
    if (own.idle) return;
    const NormColumn<T> column = norm_column(norm, own);
    for (long p = own.p; p < own.last; p += 4L * cut.rows) {
      T v[4];
      load_column(x, own, p, T(0), v);
      TESSERA_CUDA_UNROLL
      for (int k = 0; k < 4; ++k) {
        const long q = p + static_cast<long>(k) * cut.rows;
        if (q < own.last) y.at(q, own.c) = column.y(v[k]);
      }
    }
  }
)
// clang-format on

/// Mean and 1/sqrt(var + epsilon) of every sample and group into saved [N][2][G]; running
/// statistics (null = none) are of one sample with a group for each channel.
template <class T>
void norm_statistics_of(const Context<Cuda>& context, const ColumnCut& cut, int members,
                        Span<const T> x, double epsilon, T* saved, double momentum = 0,
                        T* running_mean = nullptr, T* running_var = nullptr) {
  double* const partial = scratch<double>(context, cut.partials());
  launch_columns(context, TESSERA_CUDA_KERNEL(norm_forward_text, norm_chunks, (T), ()), cut, x, cut,
                 partial);
  const int entries = members * cut.chunks, groups = cut.channels / members;
  const unsigned threads = entries <= 32 ? 32 : entries <= 128 ? 128 : 256;
  context.engine().launch(
      TESSERA_CUDA_KERNEL(norm_forward_text, norm_statistics, (T), ()),
      {static_cast<unsigned>(cut.samples) * static_cast<unsigned>(groups), 1, 1}, {threads, 1, 1},
      0, static_cast<const double*>(partial), cut, members, epsilon, saved, momentum, running_mean,
      running_var);
}

}  // namespace tessera::cuda
