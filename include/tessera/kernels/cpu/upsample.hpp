// SPDX-License-Identifier: BSD-3-Clause
// Nearest-neighbour upsampling on the CPU: one task per row of the small image.
#pragma once
#include <tessera/kernels/cpu/simd.hpp>
#include <tessera/kernels/upsample.hpp>

namespace tessera::inline TESSERA_ABI::kernels {

template <class T>
inline void upsample_forward(const Context<Cpu>& context, int factor,
                             std::type_identity_t<View<const T>> x, View<T> y) {
  const std::ptrdiff_t f = factor, width = x.width, wide = f * width;
  parallel_for(context, std::ptrdiff_t{x.batch} * x.height, [&](std::ptrdiff_t row) {
    for (std::ptrdiff_t j = 0; j < width; ++j) {
      const T* from = x.pixel(row * width + j);
      simd::for_each_vector<T>(x.channels, [&](auto lanes, std::ptrdiff_t c) {
        const auto value = lanes.load(from + c);
        for (std::ptrdiff_t a = 0; a < f; ++a)
          for (std::ptrdiff_t b = 0; b < f; ++b)
            lanes.store(y.pixel((row * f + a) * wide + j * f + b) + c, value);
      });
    }
  });
}

template <class T>
inline void upsample_backward(const Context<Cpu>& context, int factor,
                              std::type_identity_t<View<const T>> dy, View<T> dx) {
  if (!dx) return;
  const std::ptrdiff_t f = factor, width = dx.width, wide = f * width;
  parallel_for(context, std::ptrdiff_t{dx.batch} * dx.height, [&](std::ptrdiff_t row) {
    for (std::ptrdiff_t j = 0; j < width; ++j) {
      T* to = dx.pixel(row * width + j);
      simd::for_each_vector<T>(dx.channels, [&](auto lanes, std::ptrdiff_t c) {
        simd::Vector<T> sum(T(0));
        for (std::ptrdiff_t a = 0; a < f; ++a)
          for (std::ptrdiff_t b = 0; b < f; ++b)
            sum += lanes.load(dy.pixel((row * f + a) * wide + j * f + b) + c);
        lanes.store(to + c, sum);
      });
    }
  });
}

inline void upsample_mask(const Context<Cpu>& context, int factor, ValidView x,
                          MutableValidView y) {
  const std::ptrdiff_t f = factor, width = x.width, wide = f * width;
  parallel_for(context, std::ptrdiff_t{x.batch} * x.height, [&](std::ptrdiff_t row) {
    for (std::ptrdiff_t a = 0; a < f; ++a)
      for (std::ptrdiff_t j = 0; j < wide; ++j) {
        const std::uint8_t* from = x.pixel(row * width + j / f);
        std::uint8_t* to = y.pixel((row * f + a) * wide + j);
        for (int g = 0; g < x.groups.count; ++g) to[g] = from[g];
      }
  });
}

}  // namespace tessera::kernels
