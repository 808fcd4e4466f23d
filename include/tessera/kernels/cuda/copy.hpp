// SPDX-License-Identifier: BSD-3-Clause
// Copies, sums and zeros of views and masks on a GPU, and its counters.
#pragma once
#include <type_traits>

#include <tessera/kernels/copy.hpp>
#include <tessera/kernels/cuda/elements.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(copy_text, (&elements_text),
  template <class T, int Contiguous>
  __global__ void copy(Span<const T> x, Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step())
      element<Contiguous>(y, e) = element<Contiguous>(x, e);
  }
  template <class T, int Contiguous>
  __global__ void add_into(Span<const T> x, Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step())
      element<Contiguous>(y, e) += element<Contiguous>(x, e);
  }
  template <class T, int Contiguous>
  __global__ void add(Span<const T> a, Span<const T> b, Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step())
      element<Contiguous>(y, e) = element<Contiguous>(a, e) + element<Contiguous>(b, e);
  }
  template <class T, int Contiguous>
  __global__ void multiply(Span<const T> a, Span<const T> b, Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step())
      element<Contiguous>(y, e) = element<Contiguous>(a, e) * element<Contiguous>(b, e);
  }
  template <class T>
  __global__ void fill_zero(Span<T> y) {
    for (long e = first_element(); e < y.size(); e += element_step()) element<0>(y, e) = T(0);
  }
  // Planes of x become planes [first, first + x.groups) of y.
  template <class T>
  __global__ void copy_mask(Mask x, Mask y, int first, long pixels) {
    for (long e = first_element(); e < pixels * x.groups; e += element_step())
      y.data[e / x.groups * y.groups + first + e % x.groups] = x.data[e];
  }
  template <class T>
  __global__ void intersect_masks(Mask a, Mask b, Mask y, long pixels) {
    for (long e = first_element(); e < pixels * y.groups; e += element_step())
      y.data[e] = a.data[e] & b.data[e];
  }
  template <class T>
  __global__ void increment(long* counter) { *counter += 1; }
  template <class T>
  __global__ void take_number(unsigned long* count, unsigned long* number) {
    *number = *count;
    *count += 1;
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void copy(const Context<Cuda>& context, std::type_identity_t<View<const T>> x, View<T> y) {
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::copy_text, copy, (T), (contiguous)),
                      y.size(), cuda::span_of(x), cuda::span_of(y));
  };
  cuda::with_contiguous(launch, x, y);
}

template <class T>
inline void add_into(const Context<Cuda>& context, std::type_identity_t<View<const T>> x,
                     View<T> y) {
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::copy_text, add_into, (T), (contiguous)),
                      y.size(), cuda::span_of(x), cuda::span_of(y));
  };
  cuda::with_contiguous(launch, x, y);
}

template <class T>
inline void add(const Context<Cuda>& context, std::type_identity_t<View<const T>> a,
                std::type_identity_t<View<const T>> b, View<T> y) {
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::copy_text, add, (T), (contiguous)),
                      y.size(), cuda::span_of(a), cuda::span_of(b), cuda::span_of(y));
  };
  cuda::with_contiguous(launch, a, b, y);
}

template <class T>
inline void multiply(const Context<Cuda>& context, std::type_identity_t<View<const T>> a,
                     std::type_identity_t<View<const T>> b, View<T> y) {
  const auto launch = [&](auto contiguous) {
    cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::copy_text, multiply, (T), (contiguous)),
                      y.size(), cuda::span_of(a), cuda::span_of(b), cuda::span_of(y));
  };
  cuda::with_contiguous(launch, a, b, y);
}

template <class T>
inline void fill_zero(const Context<Cuda>& context, View<T> y) {
  if (y.contiguous())
    context.engine().fill(y.data, 0, static_cast<std::size_t>(y.size()) * sizeof(T));
  else
    cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::copy_text, fill_zero, (T), ()), y.size(),
                      cuda::span_of(y));
}

inline void copy_mask(const Context<Cuda>& context, ValidView x, int first, MutableValidView y) {
  cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::copy_text, copy_mask, (float), ()), x.size(),
                    cuda::mask_of(x), cuda::mask_of(y), first, static_cast<long>(x.pixels()));
}

inline void concatenate_masks(const Context<Cuda>& context, ValidView a, ValidView b,
                              MutableValidView y) {
  copy_mask(context, a, 0, y);
  copy_mask(context, b, a.groups.count, y);
}

inline void intersect_masks(const Context<Cuda>& context, ValidView a, ValidView b,
                            MutableValidView y) {
  cuda::launch_each(context, TESSERA_CUDA_KERNEL(cuda::copy_text, intersect_masks, (float), ()),
                    y.size(), cuda::mask_of(a), cuda::mask_of(b), cuda::mask_of(y),
                    static_cast<long>(y.pixels()));
}

inline void increment(const Context<Cuda>& context, std::int64_t* counter) {
  context.engine().launch(TESSERA_CUDA_KERNEL(cuda::copy_text, increment, (float), ()), {}, {}, 0,
                          counter);
}

inline void take_number(const Context<Cuda>& context, std::uint64_t* count, std::uint64_t* number) {
  context.engine().launch(TESSERA_CUDA_KERNEL(cuda::copy_text, take_number, (float), ()), {}, {}, 0,
                          count, number);
}

}  // namespace tessera::kernels
