// SPDX-License-Identifier: BSD-3-Clause
// Losses against targets on a GPU: one element a thread, sums in double.
#pragma once
#include <tessera/kernels/cuda/partials.hpp>
#include <tessera/kernels/target_loss.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(target_loss_text, (&partials_text),
  template <class T>
  struct ErrorAndSlope { T error; T slope; };
  // The logarithm, at least -100; NaN stays.
  template <class T>
  __device__ T bounded_log(T v) {
    const T l = math::log(v);
    return l < T(-100) ? T(-100) : l;
  }
  // Error: the number of a kernels::TargetError. Comparisons are written so that NaN passes.
  template <class T, int Error>
  __device__ ErrorAndSlope<T> target_error(T y, T t) {
    if constexpr (Error == 0) {  // cross_entropy
      const T p = y * (T(1) - y);
      return {-(t * bounded_log(y) + (T(1) - t) * bounded_log(T(1) - y)),
              (y - t) / (p < T(1e-12) ? T(1e-12) : p)};
    } else if constexpr (Error == 1) {  // logit_cross_entropy
      const T e = math::exp(-math::abs(y));
      return {(y <= T(0) ? T(0) : y) - y * t + math::log1p(e),
              (y < T(0) ? e : T(1)) / (T(1) + e) - t};
    } else if constexpr (Error == 2) {  // squared
      const T d = y - t;
      return {d * d, d + d};
    } else if constexpr (Error == 3) {  // hinge
      const T m = T(1) - t * y;
      return {m <= T(0) ? T(0) : m, m > T(0) ? -t : m <= T(0) ? T(0) : m};
    } else {  // linear
      return {-t * y, -t};
    }
  }
  template <class T, int Error>
  __global__ void target_loss(Span<const T> y, Span<const T> targets, T target, T factor,
                              Span<T> dy, double* partial) {
    double sum = 0;
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const ElementPlace at = element_place(e, y.channels);
      const T t = targets.data ? targets.at(at.p, at.c) : target;
      const ErrorAndSlope<T> r = target_error<T, Error>(y.at(at.p, at.c), t);
      sum += static_cast<double>(r.error);
      if (dy.data) dy.at(at.p, at.c) += factor * r.slope;
    }
    leave_partial<0>(sum, partial);
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline DeviceNumber target_loss(const Context<Cuda>& context, TargetError error,
                                std::type_identity_t<View<const T>> y,
                                std::type_identity_t<View<const T>> targets, double target,
                                double factor, View<T> dy, std::byte*) {
  return detail::with_target_error(error, [&]<TargetError Error>() {
    constexpr int number = static_cast<int>(Error);
    return cuda::join_parts(
        context, context.engine().scratch(cuda::partial_bytes(y.size())), y.size(), nullptr,
        TESSERA_CUDA_KERNEL(cuda::target_loss_text, target_loss, (T), (number)), cuda::span_of(y),
        cuda::span_of(targets), static_cast<T>(target), static_cast<T>(factor), cuda::span_of(dy));
  });
}

}  // namespace tessera::kernels
