// SPDX-License-Identifier: BSD-3-Clause
// Pixel losses on a GPU: one element a thread, sums in double.
#pragma once
#include <tessera/kernels/cuda/partials.hpp>
#include <tessera/kernels/pixel_loss.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(pixel_loss_text, (&partials_text),
  // region 0: the whole image, 1: the hole, 2: what is valid.
  __device__ bool in_region(int region, const unsigned char* hole, long p) {
    return region == 0 || (hole[p] != 0) == (region == 1);
  }
  // Elements of the region.
  template <class T>
  __global__ void count_region(int region, const unsigned char* hole, long pixels, int channels,
                               double* partial) {
    double count = 0;
    for (long p = first_element(); p < pixels; p += element_step())
      if (in_region(region, hole, p)) count += channels;
    leave_partial<0>(count, partial);
  }
  // `divisor`: of the factor, at least 1; may be null.
  template <class F, class T>
  __global__ void pixel_loss(F function, int region, Span<const T> y, Span<const T> target,
                             const unsigned char* hole, double factor, const double* divisor,
                             Span<T> dy, double* partial) {
    const T f = static_cast<T>(divisor ? factor / math::max(1.0, *divisor) : factor);
    double sum = 0;
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const ElementPlace at = element_place(e, y.channels);
      if (!in_region(region, hole, at.p)) continue;
      const T v = y.at(at.p, at.c);
      const T t = target.at(at.p, at.c);
      sum += static_cast<double>(function.error(v, t));
      if (dy.data) dy.at(at.p, at.c) += f * function.derivative(v, t);
    }
    leave_partial<0>(sum, partial);
  }
)
// clang-format on

/// The loss and its gradient, both divided by *divisor unless that is null.
template <class F, class T>
DeviceNumber pixel_loss_by(const Context<Cuda>& context, const F& f,
                           kernels::Region region, const View<const T>& y,
                           const View<const T>& target, HoleView hole, double factor,
                           const View<T>& dy, const double* divisor) {
  std::byte* const scratch = context.engine().scratch(partial_bytes(y.size()));
  return join_parts(context, scratch, y.size(), divisor,
                    TESSERA_CUDA_KERNEL(pixel_loss_text, pixel_loss, (F, T), ()), f,
                    static_cast<int>(region), span_of(y), span_of(target), hole.data, factor,
                    divisor, span_of(dy));
}

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class F, class T>
inline DeviceNumber pixel_loss(const Context<Cuda>& context, const F& f, Region region,
                               std::type_identity_t<View<const T>> y,
                               std::type_identity_t<View<const T>> target, HoleView hole,
                               double factor, View<T> dy, std::byte*) {
  return cuda::pixel_loss_by(context, f, region, y, target, hole, factor, dy, nullptr);
}

template <class F, class T>
inline DeviceNumber pixel_loss_mean(const Context<Cuda>& context, const F& f, Region region,
                                    std::type_identity_t<View<const T>> y,
                                    std::type_identity_t<View<const T>> target, HoleView hole,
                                    double factor, View<T> dy, std::byte*) {
  const long pixels = y.pixels();
  const DeviceNumber elements =
      cuda::join_parts(context, context.engine().scratch(cuda::partial_bytes(pixels)), pixels,
                       nullptr, TESSERA_CUDA_KERNEL(cuda::pixel_loss_text, count_region, (T), ()),
                       static_cast<int>(region), hole.data, pixels, y.channels);
  return cuda::pixel_loss_by(context, f, region, y, target, hole, factor, dy, elements.data);
}

}  // namespace tessera::kernels
