// SPDX-License-Identifier: BSD-3-Clause
// Group and instance normalisation on a GPU.
#pragma once
#include <tessera/kernels/cuda/channel_norm_backward.hpp>
#include <tessera/kernels/group_norm.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

namespace detail {

template <class T>
cuda::ColumnCut group_norm_cut(const View<T>& x) {
  return cuda::column_cut(x.batch, static_cast<long>(x.height) * x.width, x.channels);
}
template <class T>
cuda::ChannelNorm<T> group_norm_of(const GroupNormState<T>& state, int channels, const T* saved) {
  return {state.groups, channels / state.groups, state.gamma, state.beta,
          saved,        saved + state.groups,    0,           0.0};
}

}  // namespace detail

template <class T>
inline void group_norm_forward(const Context<Cuda>& context, const GroupNormState<T>& state,
                               std::type_identity_t<View<const T>> x, View<T> y,
                               std::type_identity_t<T>* saved, std::byte*) {
  if (x.size() == 0) return;
  const cuda::ColumnCut cut = detail::group_norm_cut(x);
  const cuda::ChannelNorm<T> norm = detail::group_norm_of<T>(state, x.channels, saved);
  cuda::norm_statistics_of<T>(context, cut, norm.members, cuda::span_of(x), state.epsilon, saved);
  cuda::launch_columns(context, TESSERA_CUDA_KERNEL(cuda::norm_forward_text, norm_apply, (T), ()),
                       cut, cuda::span_of(x), cuda::span_of(y), cut, norm);
}

template <class T>
inline void group_norm_backward(const Context<Cuda>& context, const GroupNormState<T>& state,
                                std::type_identity_t<View<const T>> x,
                                std::type_identity_t<View<const T>> dy,
                                const std::type_identity_t<T>* saved, View<T> dx,
                                std::type_identity_t<T>* dgamma, std::type_identity_t<T>* dbeta,
                                std::byte*) {
  if (x.size() == 0 || (!dx && !dgamma && !dbeta)) return;
  cuda::norm_gradients<T>(context, detail::group_norm_cut(x),
                          detail::group_norm_of<T>(state, x.channels, saved), cuda::span_of(x),
                          cuda::span_of(dy), cuda::span_of(dx), dgamma, dbeta);
}

}  // namespace tessera::kernels
