// SPDX-License-Identifier: BSD-3-Clause
// Reductions of flat arrays on a GPU, and the numbers that come of them.
#pragma once
#include <tessera/kernels/cuda/partials.hpp>
#include <tessera/kernels/reduce.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(reduce_text, (&partials_text),
  // Kind 0: sum of x, 1: of x^2, 2: largest |x|, 3: number of infinite and NaN elements.
  template <class T, int Kind>
  __global__ void reduce(const T* x, long n, double* partial) {
    double v = 0;
    for (long i = first_element(); i < n; i += element_step()) {
      const double e = static_cast<double>(load_readonly(x + i));
      if constexpr (Kind == 0) v += e;
      if constexpr (Kind == 1) v += e * e;
      if constexpr (Kind == 2) v = math::max(v, math::abs(e));
      if constexpr (Kind == 3) v += math::is_finite(e) ? 0 : 1;
    }
    leave_partial<Kind == 2>(v, partial);
  }
  template <class T>
  __global__ void norm_to_scale(const double* squares, double max_norm, double* scale) {
    const double s = max_norm / (math::sqrt(*squares) + 1e-6);
    *scale = s < 1 ? s : 1;
  }
  template <class T>
  __global__ void set_number(const double* from, double factor, double* to) {
    *to = from ? factor * *from : factor;
  }
  template <class T>
  __global__ void add_number(const double* from, double factor, double* to) {
    *to += from ? factor * *from : factor;
  }
)
// clang-format on

/// Folds x in the kernel's way `Kind`.
template <int Kind, class T>
DeviceNumber reduce_array(const Context<Cuda>& context, const T* x, std::size_t n) {
  const long count = static_cast<long>(n);
  return join_parts<Kind == 2>(context, context.engine().scratch(partial_bytes(count)), count,
                               nullptr, TESSERA_CUDA_KERNEL(reduce_text, reduce, (T), (Kind)), x,
                               count);
}

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline DeviceNumber sum(const Context<Cuda>& context, const T* x, std::size_t n) {
  return cuda::reduce_array<0>(context, x, n);
}

template <class T>
inline DeviceNumber sum_of_squares(const Context<Cuda>& context, const T* x, std::size_t n) {
  return cuda::reduce_array<1>(context, x, n);
}

template <class T>
inline DeviceNumber max_abs(const Context<Cuda>& context, const T* x, std::size_t n) {
  return cuda::reduce_array<2>(context, x, n);
}

template <class T>
inline DeviceNumber count_non_finite(const Context<Cuda>& context, const T* x, std::size_t n) {
  return cuda::reduce_array<3>(context, x, n);
}

template <class T>
inline DeviceNumber clip_scale(const Context<Cuda>& context, const T* x, std::size_t n,
                               double max_norm) {
  const DeviceNumber squares = sum_of_squares(context, x, n);
  double* const scale = context.engine().number();
  context.engine().launch(TESSERA_CUDA_KERNEL(cuda::reduce_text, norm_to_scale, (float), ()), {},
                          {}, 0, squares.data, max_norm, scale);
  return context.engine().number_at(scale);
}

inline DeviceNumber number(const Context<Cuda>& context, const DeviceNumber& n) {
  if (n.data && n.factor == 1) return n;
  double* const place = context.engine().number();
  context.engine().launch(TESSERA_CUDA_KERNEL(cuda::reduce_text, set_number, (float), ()), {}, {},
                          0, n.data, n.factor, place);
  return context.engine().number_at(place);
}

inline DeviceNumber number(const Context<Cuda>& context, double value) {
  return number(context, DeviceNumber{.factor = value});
}

inline void add_number(const Context<Cuda>& context, const DeviceNumber& n, double* to) {
  context.engine().launch(TESSERA_CUDA_KERNEL(cuda::reduce_text, add_number, (float), ()), {}, {},
                          0, n.data, n.factor, to);
}

}  // namespace tessera::kernels
