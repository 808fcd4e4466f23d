// SPDX-License-Identifier: BSD-3-Clause
// Batch normalisation on a GPU: the pixels of the whole batch are those of one sample, and every
// channel is a group of its own.
#pragma once
#include <tessera/kernels/batch_norm.hpp>
#include <tessera/kernels/cuda/channel_norm_backward.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

template <class T>
cuda::ColumnCut batch_norm_cut(const View<T>& x) {
  return cuda::column_cut(1, x.pixels(), x.channels);
}
/// mean and spread [C]; spread is the variance if `variance`.
template <class T>
cuda::ChannelNorm<T> batch_norm_of(const BatchNormState<T>& state, int channels, const T* mean,
                                   const T* spread, int variance) {
  const double slope = state.negative_slope;
  return {channels,
          1,
          state.gamma,
          state.beta,
          mean,
          spread,
          variance,
          state.epsilon,
          slope > 0 ? static_cast<T>(slope) : T(1),
          slope == 0};
}
/// By the batch's own statistics, [2][C].
template <class T>
cuda::ChannelNorm<T> by_batch(const BatchNormState<T>& state, int channels, const T* saved) {
  return batch_norm_of<T>(state, channels, saved, saved + channels, 0);
}
template <class T>
cuda::ChannelNorm<T> by_running(const BatchNormState<T>& state, int channels) {
  return batch_norm_of<T>(state, channels, state.running_mean, state.running_var, 1);
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
  detail::batch_norm_apply<T>(context, detail::by_batch<T>(state, x.channels, saved), x, y);
}

template <class T>
inline void batch_norm_evaluation(const Context<Cuda>& context, const BatchNormState<T>& state,
                                  std::type_identity_t<View<const T>> x, View<T> y, std::byte*) {
  if (x.size() == 0) return;
  detail::batch_norm_apply<T>(context, detail::by_running(state, x.channels), x, y);
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
                          detail::by_batch<T>(state, x.channels, saved), cuda::span_of(x),
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
  const cuda::ChannelNorm<T> norm = detail::by_running(state, x.channels);
  const cuda::ColumnCut cut = detail::batch_norm_cut(x);
  if (dgamma || dbeta)
    cuda::norm_gradients<T>(context, cut, norm, cuda::span_of(x), cuda::span_of(dy), {}, dgamma,
                            dbeta);
  if (!dx) return;
  if (state.negative_slope < 0) x = dy;  // without activation x is not read
  cuda::launch_columns(context,
                       TESSERA_CUDA_KERNEL(cuda::norm_backward_text, norm_input_gradient, (T), ()),
                       cut, cuda::span_of(x), cuda::span_of(dy), cuda::span_of(dx), cut, norm,
                       static_cast<const double*>(nullptr));
}

}  // namespace tessera::kernels
