// SPDX-License-Identifier: BSD-3-Clause
// Total variation on a GPU. A thread sums the pairs of its element with the elements to its right
// and below, and gathers its own gradient, so that no two threads write one place.
#pragma once
#include <tessera/kernels/cuda/partials.hpp>
#include <tessera/kernels/total_variation.hpp>

namespace tessera::inline TESSERA_ABI::cuda::inline TESSERA_CUDA_ABI {

// clang-format off
TESSERA_CUDA_TEXT(total_variation_text, (&partials_text),
  // Where a pixel lies in its image.
  struct PixelPlace { int h; int w; };
  __device__ PixelPlace pixel_place(long p, int height, int width) {
    const long row = quotient(p, width);
    return {static_cast<int>(row - quotient(row, height) * height),
            static_cast<int>(p - row * width)};
  }
  // region: whether any of the 3x3 pixels around is missing.
  template <class T>
  __global__ void mark_beside_holes(const unsigned char* hole, int height, int width, long pixels,
                                    unsigned char* region) {
    for (long p = first_element(); p < pixels; p += element_step()) {
      const PixelPlace at = pixel_place(p, height, width);
      int found = 0;
      for (int i = at.h > 0 ? -1 : 0; i <= 1 && at.h + i < height; ++i)
        for (int j = at.w > 0 ? -1 : 0; j <= 1 && at.w + j < width; ++j)
          found |= hole[p + static_cast<long>(i) * width + j];
      region[p] = found != 0;
    }
  }
  template <class T>
  __global__ void total_variation(Span<const T> y, Span<const T> truth, const unsigned char* hole,
                                  const unsigned char* region, T factor, Span<T> dy,
                                  double* partial) {
    double sum = 0;
    for (long e = first_element(); e < y.size(); e += element_step()) {
      const long p = quotient(e, y.channels);
      if (!region[p]) continue;
      const int c = static_cast<int>(e - p * y.channels);
      const PixelPlace at = pixel_place(p, y.height, y.width);
      const bool missing = hole[p] != 0;
      const bool wanted = missing && dy.data;
      const T z = missing ? y.at(p, c) : truth.at(p, c);
      T slope = wanted ? dy.at(p, c) : T(0);
      TESSERA_CUDA_UNROLL
      for (int side = 0; side < 4; ++side) {  // right, below, left, above
        const bool inside = side == 0   ? at.w + 1 < y.width
                            : side == 1 ? at.h + 1 < y.height
                            : side == 2 ? at.w > 0
                                        : at.h > 0;
        const long step = side % 2 == 0 ? 1 : y.width;
        const long q = side < 2 ? p + step : p - step;
        if (!inside || !region[q]) continue;
        const T other = hole[q] ? y.at(q, c) : truth.at(q, c);
        if (side < 2) sum += math::abs(static_cast<double>(z) - static_cast<double>(other));
        const T d = z - other;
        slope += factor * (d > T(0) ? T(1) : d < T(0) ? T(-1) : d);  // 0 and NaN stay
      }
      if (wanted) dy.at(p, c) = slope;
    }
    leave_partial<0>(sum, partial);
  }
)
// clang-format on

}  // namespace tessera::cuda

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline DeviceNumber total_variation(const Context<Cuda>& context,
                                    std::type_identity_t<View<const T>> y,
                                    std::type_identity_t<View<const T>> truth, HoleView hole,
                                    double factor, View<T> dy, std::byte*) {
  const std::size_t bytes = cuda::partial_bytes(y.size());
  std::byte* const scratch = context.engine().scratch(bytes + static_cast<std::size_t>(y.pixels()));
  std::uint8_t* const region = reinterpret_cast<std::uint8_t*>(scratch + bytes);
  cuda::launch_each(
      context, TESSERA_CUDA_KERNEL(cuda::total_variation_text, mark_beside_holes, (T), ()),
      y.pixels(), hole.data, y.height, y.width, static_cast<long>(y.pixels()), region);
  return cuda::join_parts(context, scratch, y.size(), nullptr,
                          TESSERA_CUDA_KERNEL(cuda::total_variation_text, total_variation, (T), ()),
                          cuda::span_of(y), cuda::span_of(truth), hole.data,
                          static_cast<const std::uint8_t*>(region), static_cast<T>(factor),
                          cuda::span_of(dy));
}

}  // namespace tessera::kernels
