// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation on a GPU: the pixels of the whole batch are those of one sample, and every
// channel is a group of its own.
#pragma once
#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/cuda/channel_norm_backward.hpp>

namespace tessera::kernels {

namespace detail {

template <class T>
cuda::ColumnCut batch_norm_cut(const View<T>& x) {
  return cuda::column_cut(1, x.pixels(), x.channels);
}
/// By the batch's own statistics, [2][C].
template <class T>
cuda::ChannelNorm<T> batch_norm_of(const BatchNormState<T>& state, int channels, const T* saved) {
  return {channels, 1, state.gamma, state.beta, saved, saved + channels, 0, 0.0};
}
/// By the running statistics.
template <class T>
cuda::ChannelNorm<T> batch_norm_of(const BatchNormState<T>& state, int channels) {
  return {channels,          1, state.gamma,  state.beta, state.running_mean,
          state.running_var, 1, state.epsilon};
}

template <class T>
void batch_norm_apply(const Context<Cuda>& context, const cuda::ChannelNorm<T>& norm,
                      View<const T> x, View<T> y) {
  const cuda::ColumnCut cut = batch_norm_cut(x);
  cuda::launch_columns(context, TESSERA_CUDA_KERNEL(cuda::norm_forward_text, norm_apply, (T), ()),
                       cut, cuda::span_of(x), cuda::span_of(y), cut, norm);
}

}  // namespace detail

template <class T>
inline void batch_norm_training(const Context<Cuda>& context, const BatchNormState<T>& state,
                                std::type_identity_t<View<const T>> x, View<T> y,
                                std::type_identity_t<T>* saved, std::byte*) {
  if (x.size() == 0) return;
  cuda::norm_statistics_of<T>(context, detail::batch_norm_cut(x), 1, cuda::span_of(x),
                              state.epsilon, saved, state.momentum, state.running_mean,
                              state.running_var);
  detail::batch_norm_apply<T>(context, detail::batch_norm_of<T>(state, x.channels, saved), x, y);
}

template <class T>
inline void batch_norm_evaluation(const Context<Cuda>& context, const BatchNormState<T>& state,
                                  std::type_identity_t<View<const T>> x, View<T> y, std::byte*) {
  if (x.size() == 0) return;
  detail::batch_norm_apply<T>(context, detail::batch_norm_of(state, x.channels), x, y);
}

template <class T>
inline void batch_norm_training_backward(const Context<Cuda>& context,
                                         const BatchNormState<T>& state,
                                         std::type_identity_t<View<const T>> x,
                                         std::type_identity_t<View<const T>> dy,
                                         const std::type_identity_t<T>* saved, View<T> dx,
                                         std::type_identity_t<T>* dgamma,
                                         std::type_identity_t<T>* dbeta, std::byte*) {
  if (x.size() == 0 || (!dx && !dgamma && !dbeta)) return;
  cuda::norm_gradients<T>(context, detail::batch_norm_cut(x),
                          detail::batch_norm_of<T>(state, x.channels, saved), cuda::span_of(x),
                          cuda::span_of(dy), cuda::span_of(dx), dgamma, dbeta);
}

template <class T>
inline void batch_norm_evaluation_backward(const Context<Cuda>& context,
                                           const BatchNormState<T>& state,
                                           std::type_identity_t<View<const T>> x,
                                           std::type_identity_t<View<const T>> dy, View<T> dx,
                                           std::type_identity_t<T>* dgamma,
                                           std::type_identity_t<T>* dbeta, std::byte*) {
  if (x.size() == 0) return;
  cuda::ChannelNorm<T> norm = detail::batch_norm_of(state, x.channels);
  if (dgamma || dbeta)
    cuda::norm_gradients<T>(context, detail::batch_norm_cut(x), norm, cuda::span_of(x),
                            cuda::span_of(dy), {}, dgamma, dbeta);
  if (!dx) return;
  norm.mean = norm.beta = nullptr;  // dx = dy gamma / sigma
  detail::batch_norm_apply<T>(context, norm, dy, dx);
}

}  // namespace tessera::kernels
