// SPDX-License-Identifier: BSD-3-Clause
// Layer normalisation on a GPU: a warp for each pixel, which sums its channels in double, twice
// (mean, then squares about it); parameter gradients by chunks of pixels, as in the other norms.
#pragma once
#include <tessera/kernels/cuda/channel_norm_backward.hpp>
#include <tessera/kernels/layer_norm.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(layer_norm_text, (&columns_text, &sums_text),
  // The pixels of this warp: first, and from one to the next.
  __device__ long warp_pixel() {
    return (static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  }
  __device__ long warp_pixel_step() { return static_cast<long>(gridDim.x) * blockDim.x / 32; }

  template <class T>
  __global__ void layer_norm_forward(const T* gamma, const T* beta, double epsilon,
                                     Span<const T> x, Span<T> y, T* saved) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    const double count = x.channels;
    for (long p = warp_pixel(); p < x.pixels(); p += warp_pixel_step()) {
      double sum = 0;
      for (int c = lane; c < x.channels; c += 32) sum += x.at(p, c);
      const double mean = warp_sum(sum) / count;
      double square = 0;
      for (int c = lane; c < x.channels; c += 32) {
        const double d = x.at(p, c) - mean;
        square += d * d;
      }
      const T m = static_cast<T>(mean);
      const T r = static_cast<T>(1 / math::sqrt(warp_sum(square) / count + epsilon));
      if (lane == 0) {
        saved[2 * p] = m;
        saved[2 * p + 1] = r;
      }
      for (int c = lane; c < x.channels; c += 32)
        y.at(p, c) = (x.at(p, c) - m) * r * gamma[c] + beta[c];
    }
  }
  // dx = r gamma dy - r mean(gamma dy) - (x - mean) r^3 mean(gamma dy (x - mean)).
  template <class T>
  __global__ void layer_norm_input_gradient(const T* gamma, Span<const T> x, Span<const T> dy,
                                            const T* saved, Span<T> dx) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    const double count = x.channels;
    for (long p = warp_pixel(); p < x.pixels(); p += warp_pixel_step()) {
      const T mean = saved[2 * p];
      const double r = saved[2 * p + 1];
      double sum = 0;
      double product = 0;
      for (int c = lane; c < x.channels; c += 32) {
        const T g = gamma[c] * dy.at(p, c);
        sum += g;
        product += g * (x.at(p, c) - mean);
      }
      const T scale = saved[2 * p + 1];
      const T shift = static_cast<T>(r * warp_sum(sum) / count);
      const T slope = static_cast<T>(r * r * r * warp_sum(product) / count);
      for (int c = lane; c < x.channels; c += 32)
        dx.at(p, c) = gamma[c] * dy.at(p, c) * scale - shift - (x.at(p, c) - mean) * slope;
    }
  }
  // Sums over each chunk and channel of dy and dy xhat.
  template <class T>
  __global__ void layer_norm_gradient_chunks(Span<const T> x, Span<const T> dy, const T* saved,
                                             ColumnCut cut, double* partial) {
    const ColumnThread own = column_thread(cut);
    double sums[2] = {0, 0};
    for (long p = own.p; p < own.last; p += cut.rows) {
      const T g = dy.at(p, own.c);
      sums[0] += g;
      sums[1] += g * ((x.at(p, own.c) - saved[2 * p]) * saved[2 * p + 1]);
    }
    add_columns(sums);
    if (own.idle || threadIdx.y > 0) return;
    partial[cut.at(own.sample, 0, own.c, own.chunk)] = sums[0];
    partial[cut.at(own.sample, 1, own.c, own.chunk)] = sums[1];
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void layer_norm_forward(const Context<Cuda>& context, const LayerNormState<T>& state,
                               std::type_identity_t<View<const T>> x, View<T> y,
                               std::type_identity_t<T>* saved) {
  cuda::launch_each(context,
                    TESSERA_CUDA_KERNEL(cuda::layer_norm_text, layer_norm_forward, (T), ()),
                    32 * x.pixels(), state.gamma, state.beta, state.epsilon, cuda::span_of(x),
                    cuda::span_of(y), saved);
}

template <class T>
inline void layer_norm_backward(const Context<Cuda>& context, const LayerNormState<T>& state,
                                std::type_identity_t<View<const T>> x,
                                std::type_identity_t<View<const T>> dy,
                                const std::type_identity_t<T>* saved, View<T> dx,
                                std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                                std::byte*) {
  if (x.size() == 0) return;
  if (dgamma || dbeta) {  // first: dx may lie over dy
    const cuda::ColumnCut cut = cuda::column_cut(1, x.pixels(), x.channels);
    double* const partial = cuda::scratch<double>(context, cut.partials());
    cuda::launch_columns(
        context, TESSERA_CUDA_KERNEL(cuda::layer_norm_text, layer_norm_gradient_chunks, (T), ()),
        cut, cuda::span_of(x), cuda::span_of(dy), saved, cut, partial);
    cuda::norm_channel_sums_of<T>(context, cut, {x.channels, 1}, partial, nullptr, dgamma, dbeta);
  }
  if (!dx) return;
  cuda::launch_each(
      context, TESSERA_CUDA_KERNEL(cuda::layer_norm_text, layer_norm_input_gradient, (T), ()),
      32 * x.pixels(), state.gamma, cuda::span_of(x), cuda::span_of(dy), saved, cuda::span_of(dx));
}

}  // namespace tessera::kernels
