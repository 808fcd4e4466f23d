// SPDX-License-Identifier: BSD-3-Clause
// Losses against targets on a GPU: one element a thread, sums in double.
#pragma once
#include <tessera/kernels/cuda/partials.hpp>
#include <tessera/kernels/target_loss.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(target_loss_text, (&partials_text),
  template <class F, class T>
  __global__ void target_loss(F f, Span<const T> y, Span<const T> targets, T target, T factor,
                              Span<T> dy, double* partial) {
    double sum = 0;
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const ElementPlace at = element_place(e, y.channels);
      const T t = targets.data ? targets.at(at.p, at.c) : target;
      const T v = y.at(at.p, at.c);
      sum += static_cast<double>(f.error(v, t));
      if (dy.data) dy.at(at.p, at.c) += factor * f.derivative(v, t);
    }
    leave_partial<0>(sum, partial);
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class F, class T>
inline DeviceNumber target_loss(const Context<Cuda>& context, const F& f,
                                std::type_identity_t<View<const T>> y,
                                std::type_identity_t<View<const T>> targets, double target,
                                double factor, View<T> dy, std::byte*) {
  return cuda::join_parts(
      context, context.engine().scratch(cuda::partial_bytes(y.size())), y.size(), nullptr,
      TESSERA_CUDA_KERNEL(cuda::target_loss_text, target_loss, (F, T), ()), f, cuda::span_of(y),
      cuda::span_of(targets), static_cast<T>(target), static_cast<T>(factor), cuda::span_of(dy));
}

}  // namespace tessera::kernels
